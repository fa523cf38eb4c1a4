from __future__ import annotations

from typing import Any

import pytest

from vision.errors import InvalidDocumentError
from vision.spec.endpoint import check_traffic, parse_deployment, parse_endpoint

DEPLOYMENT: dict[str, Any] = {"name": "blue", "endpoint_name": "fasteners", "model": "azureml:fasteners:1"}


def problems_of(parse: Any, document: Any) -> dict[str | None, str]:
    with pytest.raises(InvalidDocumentError) as caught:
        parse(document)
    return {detail.path: detail.message for detail in caught.value.details}


def test_an_endpoint_with_azures_keys() -> None:
    endpoint = parse_endpoint(
        """
        $schema: https://example.invalid/managedOnlineEndpoint.schema.json
        name: fasteners-live
        auth_mode: key
        description: Live
        tags: {team: 3}
        identity: {type: system_assigned}
        public_network_access: enabled
        traffic: {blue: 90, green: 10}
        mirror_traffic: {red: 20}
        """
    )
    assert (endpoint.name, endpoint.auth_mode) == ("fasteners-live", "key")
    assert endpoint.traffic == {"blue": 90, "green": 10}
    assert endpoint.tags == {"team": "3"}


@pytest.mark.parametrize("name", ["abc", "a-b-c", "A" * 32])
def test_names(name: str) -> None:
    assert parse_endpoint({"name": name}).name == name


@pytest.mark.parametrize("name", ["ab", "1ab", "a_b", "abc-", "a--b", "A" * 33, "", "a b", "abc\n"])
def test_refused_names(name: str) -> None:
    assert "letters" in problems_of(parse_endpoint, {"name": name})["name"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"auth_mode": "none"}, "auth_mode"),
        ({"traffic": {"blue": 101}}, "traffic.blue"),
        ({"traffic": {"blue": 50}}, "traffic"),
        ({"traffic": {"blue": "50"}}, "traffic.blue"),
        ({"mirror_traffic": {"blue": 51}}, "mirror_traffic.blue"),
        ({"mirror_traffic": {"blue": 10, "green": 10}}, "mirror_traffic"),
        ({"traffic": {"blue": 100}, "mirror_traffic": {"blue": 10}}, "mirror_traffic.blue"),
        ({"trafic": {}}, "trafic"),
    ],
)
def test_refused_endpoints(changes: dict[str, Any], path: str) -> None:
    assert path in problems_of(parse_endpoint, {"name": "abc", **changes})


def test_a_deployment_and_its_defaults() -> None:
    deployment = parse_deployment(DEPLOYMENT)
    assert deployment.instance_count == 1
    assert deployment.request_settings.request_timeout_ms == 90_000
    assert deployment.liveness_probe is None


def test_a_deployment_with_azures_keys() -> None:
    deployment = parse_deployment(
        """
        name: blue
        endpoint_name: fasteners
        model: azureml:fasteners@latest
        instance_type: Standard_DS3_v2
        instance_count: 2
        environment_variables: {THREADS: 2, VERBOSE: true}
        app_insights_enabled: true
        scale_settings: {type: default}
        request_settings: {request_timeout_ms: 180000, max_concurrent_requests_per_instance: 4, max_queue_wait_ms: 500}
        liveness_probe: {initial_delay: 2000}
        readiness_probe: {timeout: 10, failure_threshold: 10}
        """
    )
    assert deployment.environment_variables == {"THREADS": "2", "VERBOSE": "true"}
    assert deployment.liveness_probe is not None
    assert deployment.liveness_probe.model_dump() == {
        "initial_delay": 2000,
        "period": 10,
        "timeout": 2,
        "success_threshold": 1,
        "failure_threshold": 30,
    }


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"model": "./folder"}, "model"),
        ({"instance_count": 0}, "instance_count"),
        ({"request_settings": {"request_timeout_ms": 180_001}}, "request_settings.request_timeout_ms"),
        ({"liveness_probe": {"periods": 1}}, "liveness_probe.periods"),
        ({"name": "x"}, "name"),
    ],
)
def test_refused_deployments(changes: dict[str, Any], path: str) -> None:
    assert path in problems_of(parse_deployment, {**DEPLOYMENT, **changes})


@pytest.mark.parametrize("traffic", [{}, {"blue": 0}, {"blue": 100}, {"blue": 90, "green": 10}])
def test_traffic_that_adds_up(traffic: dict[str, int]) -> None:
    check_traffic(traffic, ["blue", "green"])


@pytest.mark.parametrize(
    ("traffic", "path"),
    [
        ({"blue": 99}, "traffic"),
        ({"red": 100}, "traffic.red"),
        ({"blue": 150, "green": -50}, "traffic.blue"),
        ({"blue": True}, "traffic.blue"),
        ({"blue": 50.5}, "traffic.blue"),
    ],
)
def test_traffic_that_does_not(traffic: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidDocumentError) as caught:
        check_traffic(traffic, ["blue", "green"])
    assert path in {detail.path for detail in caught.value.details}
