import io
import json
import zipfile

import pytest

from tests.models_registry.factories import MODEL_FILES, SETTINGS, make_trial

pytestmark = [pytest.mark.django_db, pytest.mark.services]
PATH = "azureml://jobs/quiet-lamp_HD_0/outputs/artifacts/outputs/mlflow-model/"


@pytest.fixture
def registered(api, storage):
    make_trial("quiet-lamp")
    document = {"name": "fasteners", "path": PATH, "type": "mlflow_model", "tags": {"line": "2"}}
    answer = api.post("/api/v1/models", document, content_type="application/json")
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_register_answers_name_and_version(registered):
    assert (registered["name"], registered["version"], registered["tags"]) == ("fasteners", "1", {"line": "2"})
    assert registered["lineage"]["trial"] == "quiet-lamp_HD_0"
    assert registered["metrics"]["accuracy"] == 0.91


def test_register_takes_yaml(api, storage):
    make_trial("quiet-lamp")
    document = f"name: fasteners\npath: {PATH}\ntype: mlflow_model\n"
    answer = api.post("/api/v1/models", document, content_type="application/yaml")
    assert (answer.status_code, answer.json()["version"]) == (201, "1")


@pytest.mark.parametrize(
    ("document", "status", "path"),
    [
        ({}, 422, "name"),
        ({"name": "x"}, 422, "path"),
        ({"name": "x", "path": PATH, "type": "triton_model"}, 422, "type"),
        ({"name": "x", "path": "file:///etc"}, 422, "path"),
    ],
)
def test_documents_that_are_refused(api, storage, document, status, path):
    answer = api.post("/api/v1/models", document, content_type="application/json")
    assert answer.status_code == status
    assert path in [detail.get("path") for detail in answer.json()["error"]["details"]]


def test_get_by_number_and_latest(api, registered):
    for number in ("1", "latest"):
        assert api.get(f"/api/v1/models/fasteners/versions/{number}").json()["version"] == "1"
    assert [item["name"] for item in api.get("/api/v1/models").json()["items"]] == ["fasteners"]
    assert len(api.get("/api/v1/models/fasteners/versions").json()["items"]) == 1


def test_download_is_the_whole_model(api, registered):
    answer = api.get("/api/v1/models/fasteners/versions/1/download")
    assert answer["Content-Disposition"] == 'attachment; filename="fasteners-1.zip"'
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert archive.testzip() is None
    assert {name: archive.read(name) for name in archive.namelist()} == MODEL_FILES


def test_settings_make_the_next_version(api, registered):
    path = "/api/v1/models/fasteners/versions/1/settings"
    answer = api.post(path, {"valid_resize_size": 96}, content_type="application/json")
    assert (answer.status_code, answer.json()["version"]) == (201, "2")
    assert answer.json()["settings"] == {**SETTINGS, "valid_resize_size": 96}


def test_missing_ones_are_404(api, db):
    for path in ("/api/v1/models/none/versions/1", "/api/v1/models/none/versions/latest/download"):
        answer = api.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_without_a_token_nothing(client, registered):
    assert client.get("/api/v1/models").status_code == 401


def test_delete(api, registered):
    assert api.delete("/api/v1/models/fasteners/versions/1").status_code == 204
    assert api.get("/api/v1/models").json()["items"] == []


def test_streams_under_asgi(registered, async_client, settings, owner):
    from asgiref.sync import async_to_sync

    async def fetch() -> bytes:
        headers = {"Authorization": f"Bearer {settings.STUDIO_ADMIN_TOKEN}"}
        answer = await async_client.get("/api/v1/models/fasteners/versions/1/download", headers=headers)
        assert answer.is_async
        return b"".join([chunk async for chunk in answer.streaming_content])

    archive = zipfile.ZipFile(io.BytesIO(async_to_sync(fetch)()))
    assert json.loads(archive.read("artifacts/settings.json")) == SETTINGS
