"""Running one attempt at the vectors of a version: a process of its own, which gives way to imports and exports."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError

from datasets import selectors, storage
from datasets.errors import StaleImportError
from datasets.models import DatasetVersion
from datasets.services.embedding_state import hand_back, is_waited_for, restart_dead, start_attempt, write_state
from vision.embedding.launch import embedding_command, embedding_environment
from vision.embedding.request import ABOUT, BASIS, FAILURE, PROGRESS, VECTORS, EmbeddingRequest, read_json
from vision.errors import InternalError
from vision.lifeline import Process, spawn

logger = logging.getLogger(__name__)
_POLL_SECONDS = 0.25
_BEAT_SECONDS = 1.0
_CONSOLE = "console.txt"
_LOG_BYTES = 4_000
_THUMBNAIL = "thumbs/{head}/{sha256}.webp"  # what storage.thumb_key gives
_DESCRIBED = 0.9  # of the progress: the rest is the map


def embed_version(version_id: int, token: str) -> None:
    """Compute the vectors of a version, to ready or failed. A stale token does nothing. Safe to run again.

    When an import or an export waits, it is left for another turn; what is done so far lies on this machine.
    """
    try:
        if not settings.STUDIO_EMBEDDINGS or is_waited_for():
            hand_back(version_id, token, was_started=False)
            return
        Embedding(version_id, token).run()
    except StaleImportError:
        logger.info("Attempt %s at the vectors of dataset version %s is stale.", token, version_id)
    except (OperationalError, InterfaceError):
        raise  # the database went away: maintenance starts it again
    except Exception:
        reference = uuid.uuid4().hex[:8]
        logger.exception("Vectors of dataset version %s failed, reference %s", version_id, reference)
        error = InternalError(
            f"They could not be computed (reference {reference}).",
            hint="Try again; the log has the cause under that reference.",
        )
        _fail(version_id, token, error.to_dict())


def sweep_folders() -> None:
    """Remove what attempts left on this machine at versions that need it no more."""
    for folder in _parent().glob("*-*"):
        number = folder.name.partition("-")[0]
        needed = DatasetVersion.objects.filter(
            pk=int(number) if number.isdecimal() else 0, status=DatasetVersion.Status.READY, embeddings_key=""
        )
        if not needed.exists():
            shutil.rmtree(folder, ignore_errors=True)


class Embedding:
    """One attempt: its folder on this machine and its process."""

    def __init__(self, version_id: int, token: str) -> None:
        self._version_id, self._token = version_id, token
        self._folder = _parent()
        self._beaten = 0.0

    def run(self) -> None:
        start_attempt(self._version_id, self._token)
        version = DatasetVersion.objects.select_related("dataset").get(pk=self._version_id)
        self._take_folder(version.embeddings_state.get("run", ""))
        try:
            is_ended = self._watch(self._start(version))
        except SystemExit:
            hand_back(self._version_id, self._token)  # Darkroom is being stopped: the next start goes on with it
            raise
        except StaleImportError:
            self._drop_if_unneeded()
            raise
        if is_ended:
            self._settle(version)
        else:
            hand_back(self._version_id, self._token)

    def _take_folder(self, run: str) -> None:
        """What an earlier attempt left, under this one's name: the earlier one, should it still live, loses it."""
        self._folder = _parent() / f"{self._version_id}-{run}-{self._token}"
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        for left in _parent().glob(f"{self._version_id}-*"):
            if left.name.startswith(f"{self._version_id}-{run}-") and not self._folder.exists():
                left.rename(self._folder)
            elif left != self._folder:
                shutil.rmtree(left, ignore_errors=True)
        self._folder.mkdir(exist_ok=True)
        (self._folder / FAILURE).unlink(missing_ok=True)

    def _start(self, version: DatasetVersion) -> Process:
        request = _make_request(version, self._folder)
        with (self._folder / _CONSOLE).open("wb") as console:
            process = spawn(
                embedding_command(request.write()),
                embedding_environment(request.threads, settings.STUDIO_GPUS),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
            )
        _let_others_first(process.pid)
        return process

    def _watch(self, process: Process) -> bool:
        """Until the process has ended; False where it was ended because something waits for this worker."""
        try:
            while process.poll() is None:
                if time.monotonic() - self._beaten >= _BEAT_SECONDS:
                    self._beaten = time.monotonic()
                    self._beat()
                    if is_waited_for():
                        return False
                time.sleep(_POLL_SECONDS)
            return True
        finally:
            process.stop(timeout=0)

    def _beat(self) -> None:
        told = read_json(self._folder / PROGRESS)
        done, total = int(told.get("done", 0)), int(told.get("total", 0))
        told_on = {"phase": str(told.get("phase", "starting")), "done": done, "total": total}
        progress = _DESCRIBED * done / total if total else 0.0
        write_state(self._version_id, self._token, told_on | {"beat": time.time(), "progress": progress})

    def _settle(self, version: DatasetVersion) -> None:
        failure = read_json(self._folder / FAILURE)
        if (self._folder / ABOUT).exists():
            self._publish(version)
        elif failure:
            _fail(self._version_id, self._token, failure)
        else:
            log = (self._folder / _CONSOLE).read_bytes()[-_LOG_BYTES:].decode("utf-8", "replace")
            logger.error("The process computing the vectors of %s died:\n%s", version, log)
            restart_dead(self._version_id, self._token, log)
            return
        shutil.rmtree(self._folder, ignore_errors=True)

    def _publish(self, version: DatasetVersion) -> None:
        key = f"datasets/{version.dataset.name}/{version.number}/embeddings-{self._token[:8]}"
        for name in (VECTORS, BASIS, ABOUT):
            storage.take_file(self._folder / name, f"{key}/{name}")
        try:
            write_state(self._version_id, self._token, {"status": "ready", "progress": 1.0, "phase": ""}, key)
        except StaleImportError:
            storage.delete_folder(key)
            self._drop_if_unneeded()
            raise

    def _drop_if_unneeded(self) -> None:
        if not DatasetVersion.objects.filter(pk=self._version_id).exists():
            shutil.rmtree(self._folder, ignore_errors=True)


def _make_request(version: DatasetVersion, folder: Path) -> EmbeddingRequest:
    thumbs = storage.local_path("thumbs")
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return EmbeddingRequest(
        manifest=selectors.manifest_path(version),
        storage=str(thumbs.parent) if thumbs else settings.STORAGE_URL,
        thumbnail=_THUMBNAIL,
        out=folder,
        weights_dir=Path(settings.STUDIO_WEIGHTS_DIR) if settings.STUDIO_WEIGHTS_DIR else None,
        offline=settings.STUDIO_OFFLINE,
        threads=max(1, available - 1),
        **_find_known(version),
    )


def _find_known(version: DatasetVersion) -> dict[str, Any]:
    """The vectors of the version this one was made from, or of another of the data set: most images may be the same."""
    others = DatasetVersion.objects.filter(dataset=version.dataset_id, status=DatasetVersion.Status.READY)
    done = list(others.exclude(pk=version.pk).exclude(embeddings_key="").select_related("dataset"))
    parent = version.origin.get("parent")
    known = next((other for other in done if other.number == parent), done[0] if done else None)
    if known is None or version.embeddings_state.get("run"):
        return {}
    try:
        return {"known": selectors.embeddings_folder(known), "known_manifest": selectors.manifest_path(known)}
    except OSError:  # it was deleted meanwhile
        return {}


def _fail(version_id: int, token: str, error: dict[str, Any]) -> None:
    try:
        write_state(version_id, token, {"status": "failed", "error": error, "phase": ""})
    except StaleImportError:
        pass


def _let_others_first(pid: int) -> None:
    """Processors and disks only when nobody else wants them, where the system knows of that."""
    if hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):
            os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))


def _parent() -> Path:
    return Path(settings.STUDIO_HOME) / "embeddings"
