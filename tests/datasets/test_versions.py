"""Versions made from versions, compared and deleted: pages and REST."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from datasets import changes, maintenance, selectors, services
from datasets.filters import ItemQuery
from datasets.models import Dataset, DatasetVersion
from datasets.services.deleting import find_needs, measure_deletion
from tests.datasets.factories import create_ready_version, dataset_files, json_lines, upload
from tests.datasets.versions import colour_rows, create_job, edit, files_in, finish, rows_of, write_version
from vision.errors import ConflictError, InvalidDatasetError, InvalidDocumentError, NotFoundError

pytestmark = [pytest.mark.services, pytest.mark.django_db]
ROOT = "/api/v1/datasets/parts/versions"


def post_json(client, address: str, document: object):
    return client.post(address, json.dumps(document), content_type="application/json")


def test_edited_version_tells_where_it_comes_from_and_counts_anew(storage, owner):
    first = write_version()
    before = rows_of(first)
    second = finish(
        services.create_edit(first, {"action": "move", "split": "test"}, ItemQuery(rows="0-1"), owner, "for the audit")
    )
    assert second.number == 2
    assert second.origin == {
        "kind": "edit",
        "parent": 1,
        "text": "Moved 2 images to test",
        "description": "for the audit",
        "edits": [{"action": "move", "split": "test", "filter": {"rows": "0-1"}}],
    }
    assert second.split_counts == {"test": 2, "train": 16, "validation": 4}
    assert (second.task_type, second.image_count, second.label_names) == (first.task_type, 22, ["blue", "green", "red"])
    assert sum(entry["test"] for entry in second.statistics["labels"]) == 2
    assert second.created_by == owner
    assert rows_of(first) == before


def test_edits_copy_no_image(storage):
    first = write_version()
    blobs = {name for name in files_in(storage) if name.startswith(("blobs/", "thumbs/"))}
    edit(first, action="rename", label="red", new_label="rot")
    assert {name for name in files_in(storage) if name.startswith(("blobs/", "thumbs/"))} == blobs


def test_edit_goes_through_the_queue(storage, owner, run_queue, django_capture_on_commit_callbacks):
    first = write_version()
    with django_capture_on_commit_callbacks(execute=True):
        made = services.create_edit(first, {"action": "drop"}, ItemQuery(rows="0"), owner)
    assert made.status == "importing"
    run_queue("default")
    made.refresh_from_db()
    assert (made.status, made.image_count) == ("ready", 21)


def test_restored_version_equals_the_old_one(storage):
    first = write_version()
    second = edit(first, action="rename", label="red", new_label="blue")
    third = edit(first, action="restore")
    assert (third.origin["kind"], third.origin["text"]) == ("restore", "Restored version 1")
    assert rows_of(third) == rows_of(first)
    assert (third.label_names, third.split_counts) == (first.label_names, first.split_counts)
    assert changes.count_version_changes(first, third).is_empty
    assert changes.count_version_changes(second, third).relabelled == 8


def test_findings_follow_the_rows_they_are_about(storage):
    files = dataset_files()
    labels = ["green"] * 3 + [["red"]] * 3 + ["green"] * 6
    files["training-mltable-folder/train_annotations.jsonl"] = json_lines(
        [{"image_url": f"images/training_{number}.jpg", "label": label} for number, label in enumerate(labels)]
    )
    files["images/copy.jpg"] = files["images/training_7.jpg"]
    files["validation-mltable-folder/validation_annotations.jsonl"] += (
        json.dumps({"image_url": "images/copy.jpg", "label": "red"}) + "\n"
    )
    first = create_ready_version(files=files)
    kinds = {"repaired_label": 3, "conflicting_labels": 1, "image_in_two_splits": 1}
    assert first.report["counts"]["by_code"] == kinds
    copy = next(row["row"] for row in rows_of(first) if row["path"] == "images/copy.jpg")

    second = edit(first, rows=str(copy), action="move", split="train")
    assert second.report["counts"]["by_code"] == {"repaired_label": 3, "conflicting_labels": 1}
    assert rows_of(second)[copy]["problems"] == ["conflicting_labels"]

    third = edit(second, rows=f"3,{copy}", action="relabel", new_label="green")
    assert third.report["counts"]["by_code"] == {"repaired_label": 2}
    found, total = selectors.list_findings(third)
    assert (total, {finding["image"] for finding in found}) == (2, {"images/training_4.jpg", "images/training_5.jpg"})
    assert [row["row"] for row in rows_of(third) if row["problems"]] == [4, 5]


def test_refusals_come_before_a_version_is_made(storage):
    first = write_version()
    for values, rows, expected in [
        ({"action": "drop"}, "0-8", InvalidDatasetError),
        ({"action": "drop"}, "", InvalidDocumentError),
        ({"action": "paint"}, "1", InvalidDocumentError),
        ({"action": "relabel", "new_label": "red"}, "0", InvalidDatasetError),
    ]:
        with pytest.raises(expected):
            services.create_edit(first, values, ItemQuery(rows=rows) if rows else None, None)
    assert DatasetVersion.objects.count() == 1


def test_only_a_ready_version_is_edited(storage):
    made = services.create_version(name="parts", file=upload(), file_name="parts.zip", user=None)
    with pytest.raises(ConflictError):
        services.create_edit(made, {"action": "restore"}, None, None)


def test_dead_attempt_at_an_edit_is_started_again(storage):
    first = write_version()
    made = services.create_edit(first, {"action": "drop"}, ItemQuery(rows="0"), None)
    old_token = made.token
    DatasetVersion.objects.filter(pk=made.pk).update(heartbeat_at="2020-01-01T00:00:00Z", attempts=1)
    maintenance.run_once()
    made.refresh_from_db()
    assert made.token != old_token
    services.import_version(made.pk, str(old_token))
    assert DatasetVersion.objects.get(pk=made.pk).status == "importing"
    assert finish(made).image_count == 21


def test_changes_by_hash_and_path(storage):
    rows = colour_rows(12, 0)
    old = write_version(rows)
    second = [dict(row) for row in rows[2:]]
    second[0] |= {"split": "test" if second[0]["split"] != "test" else "train"}
    second[1] |= {"annotation": '"other"', "labels": ["other"]}
    second[2] |= {"path": "elsewhere/x.jpg", "picture": second[2]["path"]}
    extra = dict(rows[0]) | {"row": 99, "path": "images/new.jpg", "width": 301}
    new = write_version([*second, extra])
    counts = changes.count_version_changes(old, new)
    assert (counts.added, counts.removed, counts.relabelled, counts.moved) == (1, 2, 1, 1)
    moved = changes.list_version_changes(old, new, kind="moved").images
    assert [(one.old["split"] != one.new["split"], one.kinds) for one in moved] == [(True, ("moved",))]
    every = changes.list_version_changes(old, new)
    assert every.total == 5
    first = changes.list_version_changes(old, new, limit=3)
    rest = changes.list_version_changes(old, new, limit=3, cursor=first.next)
    assert [*first.images, *rest.images] == every.images
    with pytest.raises(NotFoundError):
        changes.list_version_changes(old, new, cursor="x")
    with pytest.raises(NotFoundError):
        changes.list_version_changes(old, new, kind="painted")


def test_deleting_frees_exactly_what_it_says(storage):
    first = write_version()
    second = edit(first, rows="0-1", action="drop")
    before = files_in(storage)
    freed = measure_deletion(first)
    assert freed.images == 2
    services.delete_version(first)
    assert sum(before.values()) - sum(files_in(storage).values()) == freed.total
    for row in rows_of(second):
        assert selectors.storage.exists(selectors.storage.blob_key(row["sha256"]))
    assert measure_deletion(second).total == sum(files_in(storage).values())
    services.delete_version(second)
    assert files_in(storage) == {}
    assert not Dataset.objects.exists()


def test_images_wait_for_an_import_that_may_count_on_them(storage):
    version = write_version()
    other = services.create_version(name="other", file=upload(), file_name="parts.zip", user=None)
    services.delete_version(version)
    assert not DatasetVersion.objects.filter(dataset__name="parts").exists()
    maintenance.run_once()
    assert any(name.startswith("blobs/") for name in files_in(storage))
    finish(other)
    assert len(rows_of(other)) == 16
    services.delete_version(other)
    maintenance.run_once()
    assert files_in(storage) == {}
    assert not DatasetVersion.with_deleted.exists()


def test_version_in_a_jobs_lineage_is_kept_unless_forced(storage, api):
    version = write_version()
    job = create_job(version, status="Completed")
    assert find_needs(version).jobs == [job.name]
    answer = api.delete(f"{ROOT}/1")
    assert answer.status_code == 409
    assert job.name in answer.json()["error"]["message"]
    assert [detail["message"] for detail in answer.json()["error"]["details"]] == [
        f"The job {job.name} was trained on it."
    ]
    assert api.delete(f"{ROOT}/1?force=true").status_code == 204
    assert files_in(storage) == {}
    job.refresh_from_db()
    assert job.training_data.reference == "azureml:parts:1"
    assert api.get(f"{ROOT}/1").status_code == 404
    assert api.get(f"/api/v1/jobs/{job.name}").json()["training_data"] == "azureml:parts:1"
    write_version()
    assert DatasetVersion.objects.get().number == 2


def test_running_job_is_not_robbed_of_its_data(storage):
    version = write_version()
    create_job(version, status="Running")
    with pytest.raises(ConflictError, match="is not done with it"):
        services.delete_version(version, force=True)
    assert version.dataset.versions.exists()


def test_parent_stays_while_a_version_is_made_from_it(storage):
    version = write_version()
    made = services.create_edit(version, {"action": "drop"}, ItemQuery(rows="0"), None)
    with pytest.raises(ConflictError, match="version 2 is being made from it"):
        services.delete_version(version)
    finish(made)
    services.delete_version(version)
    assert len(rows_of(made)) == 21


def test_rest_edit(api, storage):
    write_version()
    document = {"action": "move", "filter": {"label": "red", "split": "train"}, "split": "test", "description": "why"}
    answer = post_json(api, f"{ROOT}/1/edits", document)
    assert answer.status_code == 202
    assert (answer.json()["version"], answer.json()["status"]) == ("2", "importing")
    assert answer.json()["origin"]["text"] == "Moved 6 images to test"
    made = finish(DatasetVersion.objects.get(number=2))
    assert made.split_counts["test"] == 6


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"action": "drop"}, 422),
        ({"action": "drop", "rows": "x"}, 422),
        ({"action": "drop", "rows": [1], "filter": {}}, 422),
        ({"action": "drop", "filter": {"lable": "red"}}, 422),
        ({"action": "drop", "filter": []}, 422),
        ({"action": "drop", "rows": [1], "wings": 2}, 422),
        ({"action": "drop", "rows": [1], "description": 7}, 422),
        ({"rows": [1]}, 422),
        ({"action": "drop", "filter": {}}, 422),
        ({"action": "move", "rows": [9999], "split": "test"}, 422),
    ],
)
def test_rest_edits_that_are_refused(api, storage, document, status):
    write_version()
    answer = post_json(api, f"{ROOT}/1/edits", document)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert DatasetVersion.objects.count() == 1


def test_rest_changes(api, storage):
    edit(write_version(), rows="3,4", action="move", split="test")
    edit(DatasetVersion.objects.get(number=2), rows="0", action="drop")
    answer = api.get(f"{ROOT}/3/changes", {"since": 1}).json()
    assert answer["counts"] == {"added": 0, "removed": 1, "relabelled": 0, "moved": 2}
    assert (answer["total"], answer["since"], len(answer["items"])) == (3, "1", 3)
    moved = answer["items"][0]
    assert (moved["changes"], moved["before"]["split"], moved["after"]["split"]) == (["moved"], "train", "test")
    assert answer["items"][-1]["after"] is None
    assert api.get(f"{ROOT}/3/changes").json()["since"] == "2"
    assert api.get(f"{ROOT}/3/changes", {"since": 9}).status_code == 404
    assert api.get(f"{ROOT}/1/changes").status_code == 422
    page = api.get(f"{ROOT}/3/changes", {"since": 1, "limit": 2}).json()
    assert len(api.get(f"{ROOT}/3/changes", {"since": 1, "cursor": page["next"]}).json()["items"]) == 1


def test_file_that_changes_nothing_fails_with_the_reason(storage):
    version = write_version()
    line = json.dumps({"image_url": "training_0.jpg", "label": "red"}).encode()
    made = services.create_correction(version, SimpleUploadedFile("x.jsonl", line), "x.jsonl", None)
    services.import_version(made.pk, str(made.token))
    made.refresh_from_db()
    assert (made.status, made.error["code"]) == ("failed", "nothing_to_change")
    assert not any(name.startswith("uploads/") for name in files_in(storage))


def test_rest_corrections(api, storage):
    write_version()
    line = json.dumps({"image_url": "images/training_0.jpg", "label": "x"}).encode()
    answer = api.post(f"{ROOT}/1/corrections", {"file": SimpleUploadedFile("x.jsonl", line), "format": "jsonl"})
    assert answer.status_code == 202
    assert finish(DatasetVersion.objects.get(number=2)).label_names == ["blue", "green", "red", "x"]
    assert api.post(f"{ROOT}/1/corrections", {"file": SimpleUploadedFile("x.jsonl", b"")}).status_code == 422
    answer = api.post(f"{ROOT}/1/corrections", {"file": SimpleUploadedFile("x.jsonl", line), "format": "stone"})
    assert answer.status_code == 404
