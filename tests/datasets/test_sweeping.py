"""Images that ended imports left behind are removed, and none that another import counts on."""

from __future__ import annotations

import hashlib
import io
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from PIL import Image

from datasets import maintenance, selectors, services
from datasets import storage as stored
from datasets.journals import list_journals, write_journal
from datasets.models import DatasetVersion
from datasets.services import importing, sweeping
from datasets.services.sweeping import recover_trash, remove_images, sweep_journals
from tests.datasets.factories import create_ready_version, dataset_files, upload
from tests.datasets.versions import files_in, finish, rows_of

pytestmark = [pytest.mark.services, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def home(tmp_path, settings):
    """Journals of this test's own."""
    settings.STUDIO_HOME = tmp_path / "home"
    return settings.STUDIO_HOME


def images_in(storage) -> set[str]:
    return {name for name in files_in(storage) if not name.startswith(("uploads/", "datasets/"))}


def create(files=None, name: str = "parts") -> DatasetVersion:
    return services.create_version(name=name, file=upload(files), file_name="parts.zip", user=None)


def hashes(files) -> list[str]:
    return [hashlib.sha256(data).hexdigest() for name, data in files.items() if name.endswith(".jpg")]


def test_failed_import_leaves_no_image(storage):
    version = create_ready_version(files=dataset_files(train=9))
    assert version.status == "failed"
    assert images_in(storage) == set()
    assert list_journals() == []


def test_images_that_a_version_shows_stay(storage):
    ready = create_ready_version()
    before = images_in(storage)
    failed = create_ready_version(name="few", files=dataset_files(train=4, validation=4))
    assert (failed.status, ready.status) == ("failed", "ready")
    assert images_in(storage) == before
    assert all(stored.exists(stored.blob_key(row["sha256"])) for row in rows_of(ready))
    assert list_journals() == []


def test_import_that_succeeded_leaves_no_journal_behind(storage):
    create_ready_version()
    maintenance.run_once()
    assert list_journals() == []


def test_images_wait_for_an_import_that_may_count_on_them(storage):
    other = create(name="other")
    failed = create_ready_version(files=dataset_files(train=9))
    assert failed.status == "failed"
    assert len(images_in(storage)) == 2 * 13
    finish(other)  # it finds most of its images there already
    maintenance.run_once()
    assert {f"blobs/{row['sha256'][:2]}/{row['sha256']}" for row in rows_of(other)} <= images_in(storage)
    assert len(images_in(storage)) == 2 * other.image_count
    assert list_journals() == []


def test_import_that_begins_during_the_sweep_keeps_its_images(storage, monkeypatch):
    """It sees an image just before that is moved aside, and publishes while the sweep goes on."""
    files = dataset_files()
    with write_journal(10_000, str(uuid.uuid4())) as journal:
        for name, data in files.items():
            if name.endswith(".jpg"):
                sha256 = hashlib.sha256(data).hexdigest()
                journal.note(sha256)
                stored.write_bytes(stored.blob_key(sha256), data)
                stored.write_bytes(stored.thumb_key(sha256), thumbnail(data))
    move = stored.move_file
    began: list[DatasetVersion] = []

    def begin_first(source: str, target: str) -> bool:
        if not began:
            began.append(create(files))
            began.append(finish(began[0]))
        return move(source, target)

    monkeypatch.setattr(stored, "move_file", begin_first)
    sweep_journals()
    assert began[1].status == "ready"
    for row in rows_of(began[0]):
        assert stored.exists(stored.blob_key(row["sha256"]))
        assert stored.exists(stored.thumb_key(row["sha256"]))
    assert len(list_journals()) == 1
    monkeypatch.undo()
    sweep_journals()
    assert len(images_in(storage)) == 2 * began[0].image_count
    assert list_journals() == []


def thumbnail(data: bytes) -> bytes:
    target = io.BytesIO()
    Image.open(io.BytesIO(data)).save(target, "WEBP")
    return target.getvalue()


def test_sweep_that_died_loses_nothing(storage, monkeypatch):
    version = create_ready_version()
    before = images_in(storage)
    wanted = [row["sha256"] for row in rows_of(version)]

    def die(key: str) -> None:
        raise SystemExit(137)

    monkeypatch.setattr(stored, "delete_folder", die)
    with pytest.raises(SystemExit):
        remove_images(wanted[:5])
    monkeypatch.undo()
    assert not before <= images_in(storage)
    recover_trash()
    assert not before <= images_in(storage)  # another process may be at it: it is given time
    monkeypatch.setattr(sweeping, "_ABANDONED_SECONDS", -1.0)
    recover_trash()
    assert images_in(storage) == before


def test_what_a_killed_attempt_left_is_swept_when_it_is_given_up(storage):
    version = create(dataset_files())
    with write_journal(version.pk, str(version.token)) as journal:
        for sha256 in hashes(dataset_files()):
            journal.note(sha256)
            stored.write_bytes(stored.blob_key(sha256), b"image")
    sweep_journals()
    assert len(images_in(storage)) == 16  # it may yet be started again
    long_ago = timezone.now() - timedelta(minutes=5)
    DatasetVersion.objects.update(attempts=maintenance.MAX_ATTEMPTS, heartbeat_at=long_ago)
    maintenance.run_once()
    version.refresh_from_db()
    assert version.status == "failed"
    assert images_in(storage) == set()


def test_journal_of_a_living_attempt_is_left_alone(storage):
    """Its token is no longer the version's, but it still writes."""
    version = create_ready_version(files=dataset_files(train=9))
    sha256 = "ab" * 32
    with write_journal(version.pk, str(uuid.uuid4())) as journal:
        journal.note(sha256)
        stored.write_bytes(stored.blob_key(sha256), b"image")
        sweep_journals()
        assert stored.exists(stored.blob_key(sha256))
    sweep_journals()
    assert not stored.exists(stored.blob_key(sha256))


def test_torn_and_foreign_lines_of_a_journal_are_passed_over(storage):
    version = create_ready_version(files=dataset_files(train=9))
    sha256 = "cd" * 32
    with write_journal(version.pk, str(uuid.uuid4())) as journal:
        for line in ("../../../etc/passwd", "", sha256, sha256, sha256[:20]):
            journal.note(line)
    stored.write_bytes(stored.blob_key(sha256), b"image")
    sweep_journals()
    assert images_in(storage) == set()
    assert list_journals() == []


def test_bug_of_ours_leaves_no_image_either(storage, monkeypatch):
    real = importing.import_dataset

    def fail_late(*args, **options):
        real(*args, **options)
        raise ZeroDivisionError

    monkeypatch.setattr(importing, "import_dataset", fail_late)
    version = create_ready_version()
    assert version.status == "failed"
    assert images_in(storage) == set()
    monkeypatch.undo()
    assert finish(services.import_again(version, None)).image_count == 16
    assert selectors.list_items(DatasetVersion.objects.get(number=2)).total == 16
