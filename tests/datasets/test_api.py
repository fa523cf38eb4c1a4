"""REST: `/api/v1/datasets`."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from datasets.models import Dataset, DatasetVersion
from tests.datasets.factories import create_ready_version, upload

pytestmark = [pytest.mark.services, pytest.mark.django_db]
ROOT = "/api/v1/datasets"


def test_upload_is_accepted_and_imported(api, storage, run_queue, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = api.post(ROOT, {"name": "parts", "file": upload(), "task": "image_classification"})
    assert answer.status_code == 202
    assert {key: answer.json()[key] for key in ("name", "version", "status")} == {
        "name": "parts",
        "version": "1",
        "status": "importing",
    }
    run_queue("default")
    version = api.get(f"{ROOT}/parts/versions/1").json()
    assert version["status"] == "ready"
    assert version["task"] == "image_classification"
    assert version["images"] == 16
    assert version["labels"] == ["blue", "green", "red"]
    assert version["report"]["errors"] == []
    assert version["statistics"]["labels"]
    assert DatasetVersion.objects.get().created_by.username == "owner"


def test_large_upload_goes_by_the_disk(api, storage, settings):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 100
    assert api.post(ROOT, {"name": "parts", "file": upload()}).status_code == 202
    assert len(list((storage / "uploads").rglob("parts.zip"))) == 1


def test_latest_is_the_newest(api, storage):
    create_ready_version()
    api.post(ROOT, {"name": "parts", "file": upload()})
    assert api.get(f"{ROOT}/parts/versions/latest").json()["version"] == "2"
    assert [item["version"] for item in api.get(f"{ROOT}/parts").json()["items"]] == ["2", "1"]
    listed = api.get(ROOT).json()
    assert [item["version"] for item in listed["items"]] == ["2"]
    assert listed["next"] is None


def test_items_page_through_a_label(api, storage):
    create_ready_version()
    address = f"{ROOT}/parts/versions/1/items"
    first = api.get(address, {"label": "red", "limit": 4}).json()
    second = api.get(address, {"label": "red", "limit": 4, "cursor": first["next"]}).json()
    assert (len(first["items"]), len(second["items"]), second["next"], first["total"]) == (4, 2, None, 6)
    item = first["items"][0]
    assert item["labels"] == ["red"]
    assert item["thumbnail_url"].endswith(f"{item['sha256']}.webp")


NOWHERE = ["/none", "/none/versions/1", "/parts/versions/7", "/parts/versions/x", "/none/versions/1/items"]


@pytest.mark.parametrize("path", NOWHERE)
def test_names_that_lead_nowhere(api, storage, path):
    create_ready_version()
    answer = api.get(ROOT + path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "../x", "file": upload()},
        {"name": "x", "file": SimpleUploadedFile("x.zip", b"")},
        {"name": "x"},
        {"file": upload()},
        {"name": "x", "file": "text"},
    ],
)
def test_bad_uploads_are_the_callers_fault(api, storage, fields):
    answer = api.post(ROOT, fields)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["message"]
    assert not Dataset.objects.exists()


def test_unknown_task_lists_the_known(api, storage):
    answer = api.post(ROOT, {"name": "x", "file": upload(), "task": "guessing"})
    assert answer.status_code == 404
    assert "image_classification" in answer.json()["error"]["hint"]


def test_nobody_gets_in_without_a_token(client, db):
    assert client.get(ROOT).status_code == 401
    assert client.post(ROOT, {"name": "x", "file": upload()}).status_code == 401


def test_delete(api, storage):
    create_ready_version()
    assert api.delete(f"{ROOT}/parts/versions/1").status_code == 204
    assert api.get(f"{ROOT}/parts").status_code == 404
    create_ready_version()
    assert api.delete(f"{ROOT}/parts").status_code == 204
    assert not Dataset.objects.exists()


def test_list_takes_as_many_queries_for_many(api, storage, django_assert_max_num_queries):
    for number in range(6):
        create_ready_version(name=f"set-{number}")
    with django_assert_max_num_queries(6):
        assert len(api.get(ROOT).json()["items"]) == 6
