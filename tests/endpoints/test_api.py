import pytest

from tests.endpoints.factories import make_deployment, make_endpoint
from tests.models_registry.factories import make_version

pytestmark = [pytest.mark.django_db, pytest.mark.services]
ROOT = "/api/v1/online-endpoints"


def send(api, method, path, document):
    return getattr(api, method)(f"{ROOT}{path}", document, content_type="application/json")


def test_an_endpoints_life(api):
    version = make_version()
    made = send(api, "post", "", {"name": "fasteners", "auth_mode": "key"})
    assert made.status_code == 201
    assert made.json()["scoring_uri"] == "http://testserver/endpoints/fasteners/score"
    document = f"name: blue\nendpoint_name: fasteners\nmodel: azureml:{version.model.name}@latest\n"
    blue = api.post(f"{ROOT}/fasteners/deployments", document, content_type="application/yaml")
    assert (blue.status_code, blue.json()["provisioning_state"], blue.json()["traffic"]) == (201, "Creating", 0)
    assert blue.json()["model"] == version.reference
    green = send(api, "post", "/fasteners/deployments?all_traffic=true", {"name": "green", "model": version.reference})
    assert (green.status_code, green.json()["traffic"]) == (201, 100)
    changed = send(api, "patch", "/fasteners", {"traffic": {"blue": 90, "green": 10}})
    assert changed.json()["traffic"] == {"blue": 90, "green": 10}
    assert api.delete(f"{ROOT}/fasteners/deployments/blue").status_code == 409
    assert [d["name"] for d in api.get(f"{ROOT}/fasteners/deployments").json()["items"]] == ["blue", "green"]
    assert api.delete(f"{ROOT}/fasteners").status_code == 204
    assert api.get(f"{ROOT}/fasteners").status_code == 404


def test_keys_and_regenerating(api):
    endpoint = make_endpoint("fasteners")
    keys = api.get(f"{ROOT}/fasteners/keys").json()
    assert keys == {"primaryKey": endpoint.primary_key, "secondaryKey": endpoint.secondary_key}
    after = send(api, "post", "/fasteners/keys/regenerate", {"key_type": "Secondary"}).json()
    assert after["primaryKey"] == keys["primaryKey"]
    assert after["secondaryKey"] != keys["secondaryKey"]
    bare = api.post(f"{ROOT}/fasteners/keys/regenerate", content_type="application/json")
    assert bare.json()["primaryKey"] != keys["primaryKey"]


def test_patching_a_deployment(api):
    make_deployment(make_endpoint("fasteners"), "blue")
    answer = send(api, "patch", "/fasteners/deployments/blue", {"request_settings": {"request_timeout_ms": 4000}})
    assert answer.json()["request_settings"]["request_timeout_ms"] == 4000
    assert answer.json()["provisioning_state"] == "Updating"
    bad = send(api, "patch", "/fasteners/deployments/blue", {"instance_count": "many"})
    assert bad.status_code == 422
    assert bad.json()["error"]["details"][0]["path"] == "instance_count"


def test_logs_name_their_instances(api):
    deployment = make_deployment(make_endpoint("fasteners"), "blue", urls=("http://127.0.0.1:1",))
    deployment.instances.update(log_tail="one\ntwo\nthree\n")
    content = api.get(f"{ROOT}/fasteners/deployments/blue/logs?lines=2").json()["content"]
    assert content == "==> instance 0 (healthy) <==\ntwo\nthree\n"


def test_lists_cost_the_same_for_many(api, django_assert_max_num_queries):
    version = make_version()
    for index in range(5):
        make_deployment(make_endpoint(f"line-{index}"), "blue", urls=("http://127.0.0.1:1",), model_version=version)
    with django_assert_max_num_queries(8):
        assert len(api.get(ROOT).json()["items"]) == 5


@pytest.mark.parametrize("path", ["/none", "/none/keys", "/none/deployments", "/fasteners/deployments/none"])
def test_missing_ones_are_404(api, path):
    make_endpoint("fasteners")
    answer = api.get(ROOT + path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_what_an_endpoint_cannot_change(api):
    make_endpoint("fasteners")
    for document in ({"auth_mode": "aml_token"}, {"name": "other"}):
        assert send(api, "patch", "/fasteners", document).status_code == 422
