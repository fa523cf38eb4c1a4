"""Uploads stay for a while after their import, and are imported again with other settings."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import pytest
from django.utils import timezone

from datasets import maintenance, services
from datasets.models import DatasetVersion
from datasets.services.deleting import measure_deletion
from datasets.services.keeping import can_import_again, find_kept_until, free_orphans
from datasets.transfers.services import list_groups
from tests.datasets.factories import create_ready_version, dataset_files, upload
from tests.datasets.test_sources import send_group
from tests.datasets.versions import edit, files_in, finish, write_version
from vision.errors import ConflictError, InvalidDatasetError, NotFoundError

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def boxes_in_pixels() -> dict:
    """Twelve images with one box each, in pixels: an import that takes them for shares fails."""
    files = dataset_files(train=12, validation=0)
    rows = [{"image_url": f"images/training_{n}.jpg", "label": [{"label": "a", **box(n)}]} for n in range(12)]
    files["training-mltable-folder/train_annotations.jsonl"] = "".join(json.dumps(row) + "\n" for row in rows)
    return files


def box(number: int) -> dict:
    return {"topX": 2, "topY": 3, "bottomX": 20 + number % 3, "bottomY": 15, "isCrowd": 0}


@pytest.fixture
def failed(storage) -> DatasetVersion:
    version = create_ready_version(files=boxes_in_pixels())
    assert version.status == "failed"
    return version


def age(version: DatasetVersion, **time: float) -> None:
    DatasetVersion.objects.filter(pk=version.pk).update(ended_at=timezone.now() - timedelta(**time))
    version.refresh_from_db()


def uploads(storage) -> list[str]:
    return [name for name in files_in(storage) if name.startswith("uploads/")]


def test_failed_import_is_done_again_with_other_settings(failed, storage, owner):
    assert failed.report["counts"]["by_code"]["pixel_coordinates"] == 12
    made = services.import_again(failed, owner, options={"coordinates": "pixels"})
    assert (made.number, made.created_by, made.source_name) == (2, owner, "parts.zip")
    assert made.origin == {
        "kind": "upload",
        "parent": 1,
        "text": "Imported again with coordinates: pixels",
    }
    finish(made)
    assert (made.task_type, made.image_count) == ("image_object_detection", 12)
    assert len(uploads(storage)) == 1


def test_settings_of_before_hold_unless_others_are_given_over_rest(api, storage):
    first = create_ready_version(files=boxes_in_pixels())
    DatasetVersion.objects.update(options=first.options | {"seed": 7}, target_column_name="label")
    address = "/api/v1/datasets/parts/versions/1/import-again"
    answer = api.post(address, json.dumps({"settings": {"coordinates": "pixels"}}), content_type="application/json")
    assert (answer.status_code, answer.json()["version"], answer.json()["origin"]["parent"]) == (202, "2", 1)
    made = DatasetVersion.objects.get(number=2)
    assert (made.options["seed"], made.options["coordinates"], made.task_type) == (7, "pixels", "")
    finish(made)
    again = api.post(address.replace("/1/", "/2/"), json.dumps({"seed": 8}), content_type="application/json")
    made = DatasetVersion.objects.get(number=int(again.json()["version"]))
    assert (made.options["seed"], made.options["coordinates"], made.task_type) == (
        8,
        "pixels",
        "image_object_detection",
    )


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"coordinates": "inches"}, 422),
        ({"settings": {"colour": "red"}}, 422),
        ({"settings": ["seed"]}, 422),
        ({"task": "guessing"}, 404),
        ({"task": 5}, 422),
        ({"name": "other"}, 422),
        ({"path": "/etc"}, 422),
    ],
)
def test_wrong_settings_make_no_version(api, failed, document, status):
    address = "/api/v1/datasets/parts/versions/1/import-again"
    answer = api.post(address, json.dumps(document), content_type="application/json")
    assert (answer.status_code, DatasetVersion.objects.count()) == (status, 1), answer.json()
    assert answer.json()["error"]["message"]


def test_services_refuse_what_cannot_be(failed):
    with pytest.raises(InvalidDatasetError):
        services.import_again(failed, None, options={"seed": -1})
    with pytest.raises(NotFoundError):
        services.import_again(failed, None, format="paper")


@pytest.mark.parametrize("train", [12, 3])
def test_uploads_go_when_their_time_is_over(storage, train):
    version = create_ready_version(files=dataset_files(train))
    age(version, days=6.9)
    maintenance.run_once()
    assert len(uploads(storage)) == 1
    until = find_kept_until(version)
    assert until is not None
    assert timedelta(hours=2) < until - timezone.now() < timedelta(hours=3)
    age(version, days=7.1)
    assert not can_import_again(version)
    with pytest.raises(ConflictError, match="not kept"):
        services.import_again(version, None)
    maintenance.run_once()
    version.refresh_from_db()
    assert (uploads(storage), version.source_key) == ([], "")


def test_failed_uploads_have_a_time_of_their_own(storage, settings):
    settings.STUDIO_KEEP_UPLOADS_DAYS = 0
    assert not create_ready_version().source_key
    assert create_ready_version(files=dataset_files(3)).source_key


def test_versions_that_share_an_upload_do_not_free_it_under_each_other(failed, storage):
    second = services.import_again(failed, None, options={"coordinates": "pixels"})
    age(failed, days=8)
    maintenance.run_once()  # the first lets go of it while the second is still to be imported
    failed.refresh_from_db()
    assert failed.source_key == ""
    assert len(uploads(storage)) == 1
    finish(second)
    third = services.import_again(second, None, options={"coordinates": "pixels", "seed": 3})
    assert measure_deletion(second).upload_bytes == 0
    services.delete_version(second)
    assert len(uploads(storage)) == 1
    finish(third)
    assert measure_deletion(third).upload_bytes == third.source_size > 0
    services.delete_version(third)
    assert uploads(storage) == []


def test_deleting_frees_the_upload_it_says(storage):
    first = create_ready_version()
    second = finish(services.import_again(first, None, options={"unlabelled": "drop"}))
    before = files_in(storage)
    freed = measure_deletion(first)
    assert (freed.images, freed.upload_bytes) == (0, 0)
    services.delete_version(first)
    assert sum(before.values()) - sum(files_in(storage).values()) == freed.total
    assert measure_deletion(second).total == sum(files_in(storage).values())
    services.delete_version(second)
    assert files_in(storage) == {}


def test_files_sent_as_a_group_make_one_version_of_that_group(owner, storage):
    group = send_group(owner, {f"plant/{path}": content for path, content in dataset_files().items()})
    first = services.create_version(name="plant", user=owner, transfer_group=group)
    finish(first)
    second = finish(services.import_again(first, owner, options={"seed": 1}))
    assert second.image_count == first.image_count
    assert "group" not in second.origin
    assert services.create_version(name="plant", user=owner, transfer_group=group).pk == first.pk
    assert list_groups(owner) == []


def test_what_lies_on_the_server_needs_no_upload(storage, settings, tmp_path):
    settings.STUDIO_IMPORT_FOLDERS = str(tmp_path)
    (tmp_path / "plant.zip").write_bytes(upload(boxes_in_pixels()).read())
    first = services.create_version(name="plant", user=None, path=str(tmp_path / "plant.zip"))
    services.import_version(first.pk, str(first.token))
    first.refresh_from_db()
    age(first, days=100)
    assert first.status == "failed"
    assert find_kept_until(first) is None
    assert finish(services.import_again(first, None, options={"coordinates": "pixels"})).image_count == 12


def test_edits_and_unfinished_imports_have_nothing_to_import_again(storage):
    made = edit(write_version(), rows="0", action="drop")
    with pytest.raises(ConflictError):
        services.import_again(made, None)
    waiting = services.create_version(name="other", file=upload(), file_name="a.zip", user=None)
    with pytest.raises(ConflictError):
        services.import_again(waiting, None)


def test_uploads_that_no_version_knows_are_swept(storage):
    version = create_ready_version()
    for name, days in (("lost", 2), ("fresh", 0)):
        path = storage / "uploads" / name / "a.zip"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
        when = timezone.now().timestamp() - days * 86_400
        os.utime(path, (when, when))
        os.utime(path.parent, (when, when))
    os.utime(storage / version.source_key, (1, 1))
    os.utime((storage / version.source_key).parent, (1, 1))
    free_orphans()
    assert sorted(uploads(storage)) == sorted([version.source_key, "uploads/fresh/a.zip"])
