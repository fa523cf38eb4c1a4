"""An upload becomes a version: the service, the queue and what happens when a worker dies."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from datasets import maintenance, selectors, services
from datasets import storage as stored
from datasets.models import Dataset, DatasetVersion
from datasets.services.dispatching import work_item_id
from tests.datasets.factories import COLOURS, create_ready_version, dataset_files, json_lines, short_samples, upload
from vision.catalog.task_types import TaskType
from vision.data.query import query_rows
from vision.errors import ConflictError, InvalidDatasetError, NotFoundError
from vision.spec.references import parse_dataset_reference

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def create(name="parts", files=None, **options):
    return services.create_version(name=name, file=upload(files), file_name="parts.zip", user=None, **options)


def run(version) -> DatasetVersion:
    services.import_version(version.pk, str(version.token))
    version.refresh_from_db()
    return version


def test_both_mltable_folders_become_the_two_splits(storage):
    version = run(create())
    assert version.status == "ready"
    assert version.split_counts == {"train": 12, "validation": 4}
    assert version.image_count == 16
    assert version.label_names == sorted(COLOURS)
    assert version.task_type == version.dataset.task_type or Dataset.objects.get().task_type == version.task_type
    assert version.report["counts"]["errors"] == 0


def test_images_and_thumbnails_are_stored_under_their_hash(storage):
    version = run(create())
    row = query_rows(selectors.manifest_path(version), limit=1).rows[0]
    assert stored.read_bytes(stored.blob_key(row["sha256"])).startswith(b"\xff\xd8")
    assert stored.read_bytes(stored.thumb_key(row["sha256"]))[8:12] == b"WEBP"


@pytest.mark.parametrize(("train", "name"), [(12, "STUDIO_KEEP_UPLOADS_DAYS"), (3, "STUDIO_KEEP_FAILED_UPLOADS_DAYS")])
def test_upload_is_freed_after_the_import_where_none_is_to_be_kept(storage, settings, train, name):
    setattr(settings, name, 0)
    version = run(create(files=dataset_files(train)))
    assert version.source_key == ""
    assert not list(storage.rglob("*.zip"))


def test_too_few_training_images_are_refused_with_the_number(storage):
    version = run(create(files=dataset_files(train=9)))
    assert version.status == "failed"
    assert "9 training images" in version.error["message"]
    assert "10" in version.error["message"]


def test_failed_import_keeps_its_report_with_file_and_line(storage):
    files = dataset_files(train=10)
    files["images/training_3.jpg"] = b"<svg xmlns='x'></svg>"
    version = run(create(files=files))
    assert version.status == "failed"
    (row,) = version.report["errors"]
    assert (row["file"], row["line"]) == ("training-mltable-folder/train_annotations.jsonl", 4)
    assert "SVG" in row["message"]


def test_hostile_archive_fails_with_the_entry_named(storage):
    version = run(create(files=dataset_files() | {"../../outside.txt": b"x"}))
    assert version.status == "failed"
    assert version.error["details"][0]["file"] == "../../outside.txt"
    assert not list(storage.parent.rglob("outside.txt"))


def test_second_upload_is_the_next_version(storage):
    assert [create().number, create().number, create(name="other").number] == [1, 2, 1]


def test_number_of_a_deleted_version_is_not_given_again(storage):
    create()
    services.delete_version(create())
    assert create().number == 3


@pytest.mark.parametrize("name", ["", "new", "a/b", "ä", ".hidden", "x" * 101])
def test_names_that_cannot_be_are_refused(storage, name):
    with pytest.raises(InvalidDatasetError):
        create(name=name)
    assert not Dataset.objects.exists()


def test_empty_file_is_refused(storage):
    from django.core.files.uploadedfile import SimpleUploadedFile

    with pytest.raises(InvalidDatasetError, match="empty"):
        services.create_version(name="x", file=SimpleUploadedFile("x.zip", b""), file_name="x.zip", user=None)
    assert not [path for path in storage.rglob("*") if path.is_file()]


def test_unknown_task_type_is_refused(storage):
    with pytest.raises(NotFoundError):
        create(task_type="image_guessing")


def test_stale_token_changes_nothing(storage):
    version = create()
    services.import_version(version.pk, str(uuid.uuid4()))
    version.refresh_from_db()
    assert (version.status, version.attempts) == ("importing", 0)


def test_attempt_that_lost_its_token_midway_publishes_nothing(storage, monkeypatch):
    version = create()
    from datasets.services import importing

    real = importing.import_dataset

    def lose_token(*args, **options):
        DatasetVersion.objects.filter(pk=version.pk).update(token=uuid.uuid4())
        return real(*args, **options)

    monkeypatch.setattr(importing, "import_dataset", lose_token)
    version = run(version)
    assert (version.status, version.manifest_key) == ("importing", "")


def test_stopped_worker_hands_its_import_back(storage, monkeypatch):
    from datasets.services import importing

    def stop(*args, **options):
        raise SystemExit(143)

    version = create()
    first = version.token
    monkeypatch.setattr(importing, "import_dataset", stop)
    with pytest.raises(SystemExit):
        services.import_version(version.pk, str(version.token))
    monkeypatch.undo()
    version.refresh_from_db()
    assert version.token != first
    assert version.attempts == 0
    assert run(version).status == "ready"


def test_bug_of_ours_is_told_with_a_reference(storage, monkeypatch):
    from datasets.services import importing

    def fail(*args, **options):
        raise ZeroDivisionError

    monkeypatch.setattr(importing, "import_dataset", fail)
    version = run(create())
    assert version.status == "failed"
    assert "reference" in version.error["message"]


def test_import_runs_from_the_queue(storage, run_queue, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        version = create()
    run_queue("default")
    version.refresh_from_db()
    assert version.status == "ready"


def test_import_is_sent_again_when_the_broker_lost_it(storage, broker, run_queue, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        version = create()
    broker.flushdb()
    DatasetVersion.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    with django_capture_on_commit_callbacks(execute=True):
        maintenance.run_once()
        maintenance.run_once()
    run_queue("default")
    version.refresh_from_db()
    assert (version.status, version.attempts) == ("ready", 1)


def test_import_waiting_on_the_queue_is_left_there(storage, broker, django_capture_on_commit_callbacks):
    import django_rq

    with django_capture_on_commit_callbacks(execute=True):
        version = create()
    DatasetVersion.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    with django_capture_on_commit_callbacks(execute=True):
        maintenance.run_once()
    assert django_rq.get_queue("default").job_ids == [work_item_id(version)]


def test_import_of_a_dead_worker_starts_again_under_a_new_token(
    storage, broker, run_queue, django_capture_on_commit_callbacks
):
    version = create()
    first = version.token
    long_ago = timezone.now() - timedelta(minutes=5)
    DatasetVersion.objects.update(attempts=1, heartbeat_at=long_ago, phase="checking")
    with django_capture_on_commit_callbacks(execute=True):
        maintenance.run_once()
    run_queue("default")
    version.refresh_from_db()
    assert (version.status, version.attempts) == ("ready", 2)
    assert version.token != first


def test_import_that_kills_every_worker_is_given_up(storage):
    version = create()
    long_ago = timezone.now() - timedelta(minutes=5)
    DatasetVersion.objects.update(attempts=maintenance.MAX_ATTEMPTS, heartbeat_at=long_ago)
    maintenance.run_once()
    version.refresh_from_db()
    assert version.status == "failed"
    assert "3 times" in version.error["message"]


def test_broker_that_is_down_does_not_stop_an_upload(storage, settings, django_capture_on_commit_callbacks):
    dead = {"URL": "unix:///nowhere/broker.sock", "SERIALIZER": "rq.serializers.JSONSerializer"}
    settings.RQ_QUEUES = dict.fromkeys(settings.RQ_QUEUES, dead)
    with django_capture_on_commit_callbacks(execute=True):
        version = create()
    assert version.status == "importing"


def test_deleting_frees_images_that_no_other_version_shows(storage):
    first = create_ready_version()
    files = dataset_files(train=12, validation=0)
    second = create_ready_version(files=files)
    services.delete_version(first)
    assert len(list((storage / "blobs").rglob("*"))) > 0
    rows = query_rows(selectors.manifest_path(second)).rows
    assert all(stored.exists(stored.blob_key(row["sha256"])) for row in rows)
    services.delete_version(second)
    assert not [path for path in (storage / "blobs").rglob("*") if path.is_file()]
    assert not Dataset.objects.exists()


def test_reference_without_number_means_the_newest_ready(storage):
    ready = create_ready_version()
    importing = create()
    assert selectors.get_version(parse_dataset_reference("azureml:parts@latest")).pk == ready.pk
    assert selectors.get_version(parse_dataset_reference("azureml:parts:2")).pk == importing.pk
    assert selectors.find_version("parts", "latest").pk == importing.pk
    with pytest.raises(NotFoundError, match="version '9'"):
        selectors.get_version(parse_dataset_reference("azureml:parts:9"))


def test_items_of_an_unfinished_version_are_a_conflict(storage):
    with pytest.raises(ConflictError):
        selectors.list_items(create())


@pytest.mark.heavy
def test_sample_is_made_once(storage, monkeypatch):
    short_samples(monkeypatch, 15)
    first = services.create_sample_version(None)
    assert services.create_sample_version(None).pk == first.pk
    assert run(first).split_counts == {"train": 12, "validation": 3}
    again = run(services.import_again(first, None, options={"seed": 3}))
    assert again.split_counts == first.split_counts
    assert services.create_sample_version(None).pk == first.pk


@pytest.mark.heavy
@pytest.mark.parametrize("task_type", list(TaskType))
def test_sample_of_every_task_type(storage, monkeypatch, task_type):
    short_samples(monkeypatch, 15)
    version = run(services.create_sample_version(None, task_type))
    assert (version.status, version.task_type, version.image_count) == ("ready", task_type, 15), version.error
    assert version.report["counts"]["errors"] == 0
    assert {"nut", "screw", "washer"} <= set(version.label_names)
    assert version.is_trainable


@pytest.mark.django_db(transaction=True)
def test_uploads_at_once_get_different_numbers(storage, broker):
    numbers, errors = [], []

    def one():
        try:
            numbers.append(create(files={"a.jsonl": json_lines([])}).number)
        except Exception as error:  # noqa: BLE001  told below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]
