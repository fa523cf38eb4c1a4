import pytest

from endpoints import services
from endpoints.models import Deployment, DeploymentInstance, Endpoint
from endpoints.services.traffic import share_out
from tests.endpoints.factories import make_deployment, make_endpoint
from tests.models_registry.factories import make_version
from vision.errors import ConflictError, InvalidDocumentError, NotFoundError, UserError

pytestmark = [pytest.mark.django_db, pytest.mark.services]
ENDPOINT_YAML = """
$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json
name: fasteners-live
auth_mode: key
tags: {line: 2}
"""


def test_endpoint_from_yaml_has_two_keys_and_no_traffic(owner):
    endpoint = services.create_endpoint(ENDPOINT_YAML, user=owner)
    assert endpoint.primary_key != endpoint.secondary_key
    assert len(endpoint.primary_key) >= 40
    assert (endpoint.traffic, endpoint.tags) == ({}, {"line": "2"})


def test_a_taken_name_is_a_conflict(owner):
    services.create_endpoint({"name": "fasteners"}, user=owner)
    with pytest.raises(ConflictError, match="already an endpoint"):
        services.create_endpoint({"name": "fasteners"}, user=owner)


@pytest.mark.parametrize("name", ["ab", "1abc", "a--b", "abc-", "a" * 33, "a_bc", "new"])
def test_endpoint_names_that_are_refused(owner, name):
    with pytest.raises(InvalidDocumentError):
        services.create_endpoint({"name": name}, user=owner)


def test_traffic_before_there_are_deployments_is_refused(owner):
    with pytest.raises(InvalidDocumentError, match="blue"):
        services.create_endpoint({"name": "fasteners", "traffic": {"blue": 100}}, user=owner)
    with pytest.raises(InvalidDocumentError, match="aad_token"):
        services.create_endpoint({"name": "fasteners", "auth_mode": "aad_token"}, user=owner)


def test_deployment_gets_instances_and_no_traffic():
    version = make_version()
    document = {
        "name": "blue",
        "model": version.reference,
        "instance_count": 3,
        "request_settings": {"request_timeout_ms": 1000, "max_concurrent_requests_per_instance": 2},
        "liveness_probe": {"failure_threshold": 5},
    }
    deployment = services.create_deployment(make_endpoint(), document)
    deployment.refresh_from_db()
    assert list(deployment.instances.values_list("index", "state")) == [(i, "pending") for i in range(3)]
    assert (deployment.request_timeout_ms, deployment.max_concurrent_requests_per_instance) == (1000, 2)
    assert deployment.liveness_probe == {"failure_threshold": 5}
    assert deployment.provisioning_state == "Creating"
    assert deployment.endpoint.traffic == {}


def test_all_traffic_moves_everything():
    endpoint = make_endpoint()
    version = make_version()
    for name in ("blue", "green"):
        document = {"name": name, "model": version.reference}
        services.create_deployment(endpoint, document, all_traffic=True)
        endpoint.refresh_from_db()
        assert endpoint.traffic == {name: 100}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"model": "azureml:nothing:1"}, NotFoundError),
        ({"model": "file://x"}, InvalidDocumentError),
        ({"instance_count": 0}, InvalidDocumentError),
        ({"endpoint_name": "another"}, InvalidDocumentError),
        ({"request_settings": {"request_timeout_ms": 180_001}}, InvalidDocumentError),
        ({"name": "blue"}, ConflictError),
    ],
)
def test_deployments_that_are_refused(changes, error):
    endpoint = make_endpoint()
    make_deployment(endpoint, "blue")
    version = make_version()
    document = {"name": "green", "model": version.reference}
    with pytest.raises(error):
        services.create_deployment(endpoint, {**document, **changes})
    assert endpoint.deployments.count() == 1


def test_an_endpoint_holds_twenty_deployments():
    endpoint, version = make_endpoint(), make_version()
    for index in range(20):
        make_deployment(endpoint, f"d{index:02}x", model_version=version)
    with pytest.raises(ConflictError, match="20"):
        services.create_deployment(endpoint, {"name": "one-more", "model": version.reference})


def test_a_new_model_makes_a_new_generation_and_a_new_count_does_not():
    deployment = make_deployment(make_endpoint(), urls=("http://127.0.0.1:1",))
    changed = services.update_deployment(deployment, {"instance_count": 2})
    assert (changed.generation, changed.instances.count(), changed.provisioning_state) == (1, 2, "Updating")
    changed = services.update_deployment(changed, {"model": make_version("other").reference, "instance_count": 1})
    assert (changed.generation, changed.instances.count()) == (2, 1)
    assert changed.model_version.model.name == "other"


def test_restart_is_the_way_out_of_failed():
    deployment = make_deployment(make_endpoint(), provisioning_state=Deployment.State.FAILED, error={"code": "x"})
    restarted = services.restart_deployment(deployment)
    assert (restarted.generation, restarted.provisioning_state, restarted.error) == (2, "Updating", None)


def test_live_deployments_cannot_be_deleted_until_their_traffic_is_moved():
    endpoint = make_endpoint()
    blue, green = make_deployment(endpoint, "blue"), make_deployment(endpoint, "green")
    services.update_traffic(endpoint, {"blue": 90, "green": 10})
    with pytest.raises(ConflictError, match="90 %"):
        services.delete_deployment(blue)
    endpoint = services.update_traffic(endpoint, {"green": 100})
    services.delete_deployment(Deployment.objects.get(pk=blue.pk))
    assert list(endpoint.deployments.all()) == [green]


def test_deleting_an_endpoint_deletes_all():
    endpoint = make_endpoint(traffic={"blue": 100})
    make_deployment(endpoint, "blue", urls=("http://127.0.0.1:1",))
    services.delete_endpoint(endpoint)
    assert not Deployment.objects.exists()
    assert not DeploymentInstance.objects.exists()
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize(
    "traffic", [{"blue": 50}, {"blue": 101}, {"blue": -1, "green": 101}, {"red": 100}, 5, {"blue": True}]
)
def test_traffic_that_is_refused(traffic):
    endpoint = make_endpoint()
    make_deployment(endpoint, "blue")
    make_deployment(endpoint, "green")
    with pytest.raises(InvalidDocumentError):
        services.update_endpoint(endpoint, {"traffic": traffic})


@pytest.mark.parametrize("mirror", [{"blue": 10}, {"green": 51}, {"green": 10, "red": 10}, {"red": 10}, 7])
def test_mirroring_that_is_refused(mirror):
    endpoint = make_endpoint(traffic={"blue": 100})
    make_deployment(endpoint, "blue")
    make_deployment(endpoint, "green")
    with pytest.raises(InvalidDocumentError, match="mirror_traffic"):
        services.update_endpoint(endpoint, {"mirror_traffic": mirror})


def test_keys_are_replaced_one_at_a_time():
    endpoint = make_endpoint()
    primary, secondary = endpoint.primary_key, endpoint.secondary_key
    endpoint = services.regenerate_keys(endpoint, "Primary")
    assert endpoint.primary_key != primary
    assert endpoint.secondary_key == secondary
    with pytest.raises(InvalidDocumentError, match="key_type"):
        services.regenerate_keys(endpoint, "third")


def test_wizard_makes_all_or_nothing(owner):
    version = make_version()
    request = services.DeployRequest("", "fasteners", version.reference, "blue", 1, 5000, 0)
    deployment = services.deploy_model(request, user=owner)
    assert deployment.endpoint.traffic == {} or Endpoint.objects.get().traffic == {"blue": 100}
    bad = services.DeployRequest("", "others", "azureml:none:1", "blue", 1, 5000, 0)
    with pytest.raises(UserError):
        services.deploy_model(bad, user=owner)
    assert list(Endpoint.objects.values_list("name", "traffic")) == [("fasteners", {"blue": 100})]
    beside = services.DeployRequest("fasteners", "", version.reference, "green", 1, 5000, 20)
    services.deploy_model(beside, user=owner)
    assert Endpoint.objects.get().traffic == {"blue": 80, "green": 20}


@pytest.mark.parametrize(
    ("current", "share", "expected"),
    [
        ({}, 30, {"green": 100}),
        ({}, 0, {}),
        ({"blue": 100}, 30, {"blue": 70, "green": 30}),
        ({"blue": 100}, 0, {"blue": 100}),
        ({"blue": 100}, 100, {"green": 100}),
        ({"blue": 50, "red": 50}, 33, {"blue": 34, "red": 33, "green": 33}),
        ({"a": 34, "b": 33, "c": 33}, 50, {"a": 17, "b": 17, "c": 16, "green": 50}),
        ({"blue": 60, "green": 40}, 10, {"blue": 90, "green": 10}),
    ],
)
def test_shares_stay_whole_and_sum_to_a_hundred(current, share, expected):
    assert share_out(current, "green", share) == expected
