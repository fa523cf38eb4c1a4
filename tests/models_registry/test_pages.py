import pytest

from models_registry import selectors, services
from tests.models_registry.factories import make_trial

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def version(storage, owner):
    return services.register_model(name="fasteners", trial=make_trial(), user=owner)


def test_an_empty_list_says_what_a_model_is(signed_in):
    assert b"No model yet" in signed_in.get("/models/").content


def test_list_costs_the_same_for_many(signed_in, storage, owner, django_assert_max_num_queries):
    for index in range(5):
        services.register_model(name=f"model-{index}", trial=make_trial(f"job-{index}"), user=owner)
    with django_assert_max_num_queries(6):
        page = signed_in.get("/models/").content.decode()
    assert page.count("<td>1</td>") == 5


@pytest.mark.parametrize("tab", ["", "evaluation/", "lineage/", "settings/", "files/"])
def test_every_tab_answers(signed_in, version, tab):
    answer = signed_in.get(f"/models/fasteners/versions/1/{tab}")
    assert answer.status_code == 200
    assert "fasteners" in answer.content.decode()


def test_lineage_links_back(signed_in, version):
    page = signed_in.get("/models/fasteners/versions/1/lineage/").content.decode()
    assert version.trial.get_absolute_url() in page
    assert version.trial.job.get_absolute_url() in page
    assert f"/datasets/{version.trial.job.training_data.dataset.name}/" in page


def test_one_file_downloads(signed_in, version):
    answer = signed_in.get("/models/fasteners/versions/1/files/artifacts/settings.json")
    assert b"".join(answer.streaming_content).startswith(b"{")
    assert signed_in.get("/models/fasteners/versions/1/files/../../MLmodel").status_code == 404


def test_register_button_with_a_name(signed_in, storage):
    trial = make_trial()
    form = {"job": trial.job.name, "trial": trial.number, "name": "chosen"}
    answer = signed_in.post("/models/register/", form)
    assert answer.headers["Location"] == "/models/chosen/versions/1/"


def test_register_without_a_name_takes_the_jobs(signed_in, storage):
    make_trial("quiet-lamp")
    answer = signed_in.post("/models/register/", {"job": "quiet-lamp"})
    assert answer.headers["Location"] == "/models/quiet-lamp/versions/1/"


def test_register_page_and_its_error(signed_in, storage):
    trial = make_trial()
    query = f"?job={trial.job.name}&trial={trial.number}"
    assert trial.name in signed_in.get(f"/models/register/{query}").content.decode()
    answer = signed_in.post("/models/register/", {"job": trial.job.name, "trial": 0, "name": "a b"})
    assert answer.status_code == 422
    assert "cannot name a model" in answer.content.decode()


def test_settings_form(signed_in, version):
    path = "/models/fasteners/versions/1/settings/"
    bad = signed_in.post(path, {"valid_crop_size": "a lot"})
    assert bad.status_code == 422
    assert "valid_crop_size" in bad.content.decode()
    assert 'value="a lot"' in bad.content.decode()
    answer = signed_in.post(path, {"valid_resize_size": "96"})
    assert answer.headers["Location"] == "/models/fasteners/versions/2/"
    assert selectors.get_version("fasteners").settings["valid_resize_size"] == 96


def test_unknown_ones_are_not_found(signed_in, version):
    for path in ("/models/fasteners/versions/9/", "/models/none/versions/1/", "/models/fasteners/versions/1/x/"):
        assert signed_in.get(path).status_code == 404


def test_pages_need_a_sign_in(client, version):
    assert client.get("/models/").status_code == 302


def test_delete(signed_in, version):
    assert signed_in.post("/models/fasteners/versions/1/delete").headers["Location"] == "/models/"
    assert selectors.list_latest_versions() == []
