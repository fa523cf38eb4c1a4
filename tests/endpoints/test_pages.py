from __future__ import annotations

import io

import pytest
from PIL import Image

from endpoints.models import Deployment, DeploymentInstance, Endpoint
from tests.endpoints.factories import make_deployment, make_endpoint
from tests.models_registry.factories import make_version

pytestmark = [pytest.mark.django_db, pytest.mark.services]
TABS = ["", "test/", "consume/", "logs/", "settings/"]


@pytest.fixture
def endpoint():
    endpoint = make_endpoint("fasteners", traffic={"blue": 100})
    make_deployment(endpoint, "blue", urls=("http://127.0.0.1:1",))
    return endpoint


def test_an_empty_list_says_what_an_endpoint_is(signed_in):
    assert "No endpoint yet" in signed_in.get("/endpoints/").content.decode()


def test_list_costs_the_same_for_many(signed_in, django_assert_max_num_queries):
    version = make_version()
    for index in range(5):
        make_deployment(make_endpoint(f"line-{index}"), "blue", urls=("http://127.0.0.1:1",), model_version=version)
    with django_assert_max_num_queries(8):
        assert signed_in.get("/endpoints/").content.decode().count("1 of 1 healthy") == 5


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_answers_with_and_without_a_deployment(signed_in, endpoint, tab):
    make_endpoint("bare-one")
    for name in ("fasteners", "bare-one"):
        answer = signed_in.get(f"/endpoints/{name}/{tab}")
        assert answer.status_code == 200
        assert name in answer.content.decode()


def test_a_failure_shows_reason_and_log(signed_in, endpoint):
    error = {"code": "x", "message": "Instance 0: It broke.", "hint": "", "details": [], "log": "the last line"}
    endpoint.deployments.update(provisioning_state="Failed", error=error)
    endpoint.deployments.get().instances.update(state=DeploymentInstance.State.FAILED, error="It broke.")
    page = signed_in.get("/endpoints/fasteners/").content.decode()
    assert "It broke." in page
    assert "the last line" in page


def test_the_page_refreshes_its_deployments(signed_in, endpoint):
    endpoint.deployments.update(provisioning_state="Creating")
    assert "/endpoints/fasteners/deployments/" in signed_in.get("/endpoints/fasteners/").content.decode()
    fragment = signed_in.get("/endpoints/fasteners/deployments/").content.decode()
    assert "<html" not in fragment
    assert 'id="deployments"' in fragment
    assert 'id="endpoint-meta" hx-swap-oob="true"' in fragment


def test_wizard_prefills_and_deploys(signed_in):
    version = make_version("fasteners")
    page = signed_in.get("/endpoints/new/?model=fasteners:1").content.decode()
    assert '<option value="fasteners:1" selected>' in page
    form = {
        "model": "fasteners:1",
        "new_endpoint": "fasteners-live",
        "deployment": "blue",
        "instance_count": "1",
        "request_timeout_ms": "5000",
        "traffic": "0",
    }
    answer = signed_in.post("/endpoints/new/", form)
    assert answer.headers["Location"] == "/endpoints/fasteners-live/"
    assert Endpoint.objects.get().traffic == {"blue": 100}
    assert Deployment.objects.get().model_version == version


def test_wizard_says_what_is_wrong_and_keeps_what_was_typed(signed_in):
    make_version("fasteners")
    form = {"model": "fasteners:1", "new_endpoint": "no good", "deployment": "blue", "instance_count": "1"}
    answer = signed_in.post("/endpoints/new/", {**form, "request_timeout_ms": "999999"})
    assert answer.status_code == 422
    assert "no good" in answer.content.decode()
    assert not Endpoint.objects.exists()


def test_wizard_without_a_model(signed_in):
    assert "No model to deploy yet" in signed_in.get("/endpoints/new/").content.decode()


def test_traffic_form(signed_in, endpoint):
    make_deployment(endpoint, "green")
    signed_in.post("/endpoints/fasteners/traffic/", {"traffic-blue": "70", "traffic-green": "30"})
    assert Endpoint.objects.get().traffic == {"blue": 70, "green": 30}
    answer = signed_in.post("/endpoints/fasteners/traffic/", {"traffic-blue": "70", "traffic-green": "31"}, follow=True)
    assert "sum to 101" in answer.content.decode()
    assert Endpoint.objects.get().traffic == {"blue": 70, "green": 30}


def test_buttons(signed_in, endpoint):
    key = endpoint.primary_key
    signed_in.post("/endpoints/fasteners/keys/regenerate/", {"key_type": "primary"})
    assert Endpoint.objects.get().primary_key != key
    signed_in.post("/endpoints/fasteners/describe/", {"description": "Line two"})
    assert Endpoint.objects.get().description == "Line two"
    signed_in.post("/endpoints/fasteners/deployments/blue/restart/")
    assert Deployment.objects.get().generation == 2
    page = signed_in.post("/endpoints/fasteners/deployments/blue/delete/", follow=True).content.decode()
    assert "100 % of fasteners" in page
    make_deployment(endpoint, "green")
    signed_in.post("/endpoints/fasteners/deployments/green/delete/")
    assert not Deployment.objects.filter(name="green").exists()


def test_deleting_wants_the_name(signed_in, endpoint):
    signed_in.post("/endpoints/fasteners/delete/", {"confirm": "fast"})
    assert Endpoint.objects.exists()
    assert signed_in.post("/endpoints/fasteners/delete/", {"confirm": "fasteners"}).headers["Location"] == "/endpoints/"
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize(
    ("task_type", "finds_objects"), [("image_classification", False), ("image_object_detection", True)]
)
def test_test_tab_offers_explanations_where_there_are_some(signed_in, endpoint, task_type, finds_objects):
    version = endpoint.deployments.get().model_version
    version.task_type = task_type
    version.save()
    page = signed_in.get("/endpoints/fasteners/test/").content.decode()
    assert ("Explain with" in page) is not finds_objects
    assert ("see here what is found on it" in page) is finds_objects
    assert ("the probability of each label" in page) is not finds_objects


def test_test_tab_says_why_there_is_no_answer(signed_in, endpoint):
    page = signed_in.post("/endpoints/fasteners/answer/", {}).content.decode()
    assert "no image to score" in page
    file = io.BytesIO(b"<svg></svg>")
    file.name = "a.svg"
    assert "no healthy instance" not in signed_in.post("/endpoints/fasteners/answer/", {"image": file}).content.decode()


@pytest.mark.django_db(transaction=True)
def test_test_tab_goes_through_the_gateway(signed_in, endpoint):
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(file, "PNG")
    file.seek(0)
    file.name = "a.png"
    answer = signed_in.post("/endpoints/fasteners/answer/", {"image": file}, headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert "no healthy instance" in page
    assert "<html" not in page


def test_pages_need_a_sign_in(client, endpoint):
    for path in ("/endpoints/", "/endpoints/fasteners/", "/endpoints/fasteners/consume/", "/endpoints/new/"):
        assert client.get(path).status_code == 302


def test_unknown_ones_are_not_found(signed_in, endpoint):
    for path in ("/endpoints/none/", "/endpoints/fasteners/none/", "/endpoints/none/deployments/"):
        assert signed_in.get(path).status_code == 404
