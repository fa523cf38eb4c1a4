"""Vectors of a version: whose turn it is, giving way, dying, reuse, and real processes."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
import uuid

import numpy as np
import psutil
import pytest
from django.db import connections

from datasets import selectors, services
from datasets.models import Dataset, DatasetVersion
from datasets.services import embedding_state
from datasets.services.deleting import measure_deletion
from datasets.services.embedding import embed_version, sweep_folders
from datasets.services.embedding_state import compute_again, tend_embeddings
from datasets.work_items import embed_dataset_version
from tests.datasets.factories import create_browse_version
from tests.datasets.versions import edit
from tests.processes import wait_for
from vision.data.similarity import open_vectors
from vision.embedding.request import ABOUT, VECTORS, read_json
from vision.errors import ConflictError

pytestmark = [pytest.mark.services, pytest.mark.usefixtures("turned_on")]


@pytest.fixture
def turned_on(settings, tmp_path, monkeypatch):
    """On, with no weights of this machine and folders of this test."""
    settings.STUDIO_EMBEDDINGS, settings.STUDIO_OFFLINE, settings.STUDIO_WEIGHTS_DIR = True, True, ""
    settings.STUDIO_HOME = tmp_path / "a home"
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "no cache"))


@pytest.fixture
def folders(settings):
    return lambda: sorted(path.name for path in (settings.STUDIO_HOME / "embeddings").glob("*"))


def state_of(version) -> dict:
    return DatasetVersion.objects.get(pk=version.pk).embeddings_state


def give_turn(version) -> str:
    """The token of the version's turn."""
    tend_embeddings()
    state = state_of(version)
    assert state["status"] == "waiting", state
    return state["token"]


def embed(version) -> DatasetVersion:
    """Computed, by a real process."""
    embed_dataset_version(version.pk, give_turn(version))
    version.refresh_from_db()
    assert version.embeddings_state["status"] == "ready", version.embeddings_state
    return version


def importing(dataset) -> DatasetVersion:
    status = DatasetVersion.Status.IMPORTING
    return DatasetVersion.objects.create(dataset=dataset, number=99, status=status, token=uuid.uuid4())


@pytest.mark.django_db
class TestTurns:
    def test_the_newest_has_its_turn_and_the_others_wait(self, storage, broker, django_capture_on_commit_callbacks):
        first, second = create_browse_version("one"), create_browse_version("two")
        with django_capture_on_commit_callbacks(execute=True) as sent:
            tend_embeddings()
        assert len(sent) == 1
        assert (state_of(first), state_of(second)["status"]) == ({}, "waiting")
        token = state_of(second)["token"]
        tend_embeddings()  # it is on the queue: no second one
        assert state_of(second)["token"] == token
        broker.flushdb()
        tend_embeddings()  # the broker lost it
        assert state_of(second)["token"] != token

    def test_nothing_is_computed_where_it_is_turned_off(self, storage, broker, settings):
        version = create_browse_version()
        token = give_turn(version)
        settings.STUDIO_EMBEDDINGS = False
        tend_embeddings()
        embed_version(version.pk, token)
        assert state_of(version)["status"] == "waiting"
        with pytest.raises(ConflictError, match="turned off"):
            compute_again(version)

    def test_imports_come_first(self, storage, broker, folders):
        version = create_browse_version()
        busy = importing(version.dataset)
        tend_embeddings()
        assert state_of(version) == {}
        busy.delete()
        token = give_turn(version)
        busy.save()  # it came while this one stood on the queue
        embed_version(version.pk, token)
        state = state_of(version)
        assert (state["status"], state["attempts"], folders()) == ("waiting", 0, [])
        assert state["token"] != token

    def test_one_that_dies_is_started_three_times(self, storage, broker):
        version = create_browse_version()
        for attempt in range(1, 4):
            token = give_turn(version)
            embedding_state.start_attempt(version.pk, token)
            assert state_of(version)["attempts"] == attempt
            tend_embeddings()
            assert state_of(version)["status"] == "running"  # its heart beats
            embedding_state.write_state(version.pk, token, {"beat": time.time() - 60})
            tend_embeddings()
        state = state_of(version)
        assert (state["status"], state["error"]["code"]) == ("failed", "embedding_died")
        assert "3 times" in state["error"]["message"]
        tend_embeddings()
        assert state_of(version) == state
        compute_again(version)
        assert state_of(version).get("status") is None

    def test_a_stale_token_does_nothing(self, storage, broker, folders):
        version = create_browse_version()
        token = give_turn(version)
        embed_version(version.pk, str(uuid.uuid4()))
        embedding_state.restart_dead(version.pk, "old")
        embedding_state.hand_back(version.pk, "old")
        assert (state_of(version)["token"], folders()) == (token, [])

    def test_what_is_running_is_not_started_again(self, storage, broker):
        version = create_browse_version()
        embedding_state.start_attempt(version.pk, give_turn(version))
        with pytest.raises(ConflictError):
            compute_again(version)

    def test_folders_of_versions_that_need_none_are_removed(self, storage, broker, settings, folders):
        version = create_browse_version()
        for name in (f"{version.pk}--a", f"{version.pk + 1}--b", "strange-c"):
            (settings.STUDIO_HOME / "embeddings" / name).mkdir(parents=True)
        sweep_folders()
        assert folders() == [f"{version.pk}--a"]


@pytest.mark.slow
@pytest.mark.django_db
def test_vectors_are_computed_reused_and_freed(storage, broker, folders):
    version = create_browse_version(task_type="image_classification")
    Dataset.objects.update(versions_made=1)
    version = embed(version)
    folder = selectors.embeddings_folder(version)
    about = read_json(folder / ABOUT)
    assert (about["method"], about["rows"], about["described"]) == ("colour-edges", 30, 30)
    assert folders() == []
    assert version.embeddings_state["attempts"] == 1

    edited = embed(edit(version, "0-4,8", action="drop"))
    mine, theirs = (open_vectors(selectors.embeddings_folder(one) / VECTORS) for one in (edited, version))
    kept = [row for row in range(30) if row not in (0, 1, 2, 3, 4, 8)]
    assert np.array_equal(mine, theirs[kept])

    files = sum(path.stat().st_size for path in folder.iterdir())
    without = DatasetVersion.objects.get(pk=version.pk)
    without.embeddings_key = ""
    assert measure_deletion(version).bytes - measure_deletion(without).bytes == files
    services.delete_version(version)
    assert not folder.exists()
    assert selectors.embeddings_folder(edited).exists()

    key = edited.embeddings_key
    compute_again(edited)
    assert not (storage / key).exists()
    embed(edited)
    assert edited.embeddings_key != key


@pytest.mark.slow
@pytest.mark.django_db
def test_a_version_without_thumbnails_says_so(storage, broker, folders):
    version = create_browse_version()
    shutil.rmtree(storage / "thumbs")
    embed_version(version.pk, give_turn(version))
    state = state_of(version)
    assert (state["status"], state["error"]["code"], folders()) == ("failed", "no_thumbnails", [])


class Working:
    """An attempt on a worker's thread, its process held still so that there is time to look."""

    def __init__(self, version, token: str) -> None:
        self._work = (version.pk, token)
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        self.child = wait_for(self._find_child, 30)
        self.child.send_signal(signal.SIGSTOP)

    def _run(self) -> None:
        embed_version(*self._work)
        connections.close_all()

    def _find_child(self) -> psutil.Process | None:
        for child in psutil.Process().children(recursive=True):
            try:
                if "vision.embedding" in child.cmdline() and child.status() != psutil.STATUS_ZOMBIE:
                    return child
            except psutil.Error:
                continue
        return None

    def join(self) -> None:
        self.thread.join(30)
        assert not self.thread.is_alive()
        assert not self.child.is_running() or self.child.status() == psutil.STATUS_ZOMBIE


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_it_gives_way_to_an_import_and_is_gone_on_with(storage, broker, folders):
    version = create_browse_version()
    token = give_turn(version)
    work = Working(version, token)
    if hasattr(os, "SCHED_IDLE"):
        assert os.sched_getscheduler(work.child.pid) == os.SCHED_IDLE
    importing(version.dataset)
    work.join()
    state = state_of(version)
    assert (state["status"], state["attempts"]) == ("waiting", 0)
    assert folders() == [f"{version.pk}--{token}"]  # what is done so far
    DatasetVersion.objects.filter(number=99).delete()
    embed(version)
    assert folders() == []


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_killed_process_has_another_turn(storage, broker):
    version = create_browse_version()
    work = Working(version, give_turn(version))
    os.kill(work.child.pid, signal.SIGKILL)
    work.join()
    state = state_of(version)
    assert (state["status"], state["attempts"]) == ("waiting", 1)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_deleting_the_version_ends_the_process(storage, broker, folders):
    version = create_browse_version()
    work = Working(version, give_turn(version))
    services.delete_version(version)
    work.join()
    assert folders() == []
    assert not list((storage / "datasets").rglob("*.npy"))
