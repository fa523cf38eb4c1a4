"""Whose turn it is to have its vectors computed, and how far that is.

`embeddings_state` of a version is {} until its turn comes, then `{"status": "waiting", "running", "ready" or "failed",
"token", "attempts", "beat", "progress", "phase", "done", "total", "error", "run"}`. Only the attempt that holds the
token may write. `run` is there where they were asked for again: nothing of before is used then.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from django.conf import settings
from django.db import transaction

from datasets import storage
from datasets.errors import StaleImportError
from datasets.models import DatasetVersion, Export
from datasets.queueing import is_queued
from datasets.services.dispatching import QUEUE, embedding_item_id, enqueue_embedding
from vision.errors import ConflictError, InternalError

MAX_ATTEMPTS = 3
_STALE_SECONDS = 30.0
_READY = DatasetVersion.Status.READY
State = dict[str, Any]


def tend_embeddings() -> None:
    """Give the next version its turn when nothing else is to do, one at a time; start again what died."""
    if not settings.STUDIO_EMBEDDINGS:
        return
    todo = [version for version in _list_open() if version.embeddings_state.get("status") != "failed"]
    running = [version for version in todo if version.embeddings_state.get("status") == "running"]
    for version in running:
        if version.embeddings_state.get("beat", 0) < time.time() - _STALE_SECONDS:
            restart_dead(version.pk, version.embeddings_state["token"])
    if not todo or running or is_busy():
        return
    waiting = [version for version in todo if version.embeddings_state.get("status") == "waiting"]
    if any(is_queued(QUEUE, embedding_item_id(version.pk, version.embeddings_state["token"])) for version in waiting):
        return
    _give_turn((waiting or todo)[0].pk)


def is_busy() -> bool:
    """Whether imports or exports run or wait."""
    unfinished = (Export.Status.WAITING, Export.Status.RUNNING)
    importing = DatasetVersion.objects.filter(status=DatasetVersion.Status.IMPORTING)
    return importing.exists() or Export.objects.filter(status__in=unfinished).exists()


def is_waited_for() -> bool:
    """Whether an import or export waits for a worker."""
    importing = DatasetVersion.objects.filter(status=DatasetVersion.Status.IMPORTING, heartbeat_at=None)
    return importing.exists() or Export.objects.filter(status=Export.Status.WAITING).exists()


@transaction.atomic
def write_state(version_id: int, token: str, changes: State, key: str | None = None) -> DatasetVersion:
    """Change the state of the attempt that holds the token, with `key` where the vectors lie.

    Raises:
        StaleImportError: another attempt holds the version, or it is gone.
    """
    held = _hold(version_id)
    if held is None or held.embeddings_state.get("token") != token:
        raise StaleImportError
    held.embeddings_state = held.embeddings_state | changes
    held.embeddings_key = held.embeddings_key if key is None else key
    held.save(update_fields=["embeddings_state", "embeddings_key"])
    return held


@transaction.atomic
def start_attempt(version_id: int, token: str) -> None:
    """Count an attempt that begins.

    Raises:
        StaleImportError: another attempt holds the version, or it is gone.
    """
    held = _hold(version_id)
    attempts = held.embeddings_state.get("attempts", 0) if held else 0
    begun = {"status": "running", "beat": time.time(), "phase": "starting", "error": None, "attempts": attempts + 1}
    write_state(version_id, token, begun)


@transaction.atomic
def hand_back(version_id: int, token: str, was_started: bool = True) -> None:
    """Let the version wait for its next turn; this one does not count. A stale token does nothing."""
    held = _hold(version_id)
    if held is not None and held.embeddings_state.get("token") == token:
        _wait_again(held, attempts=held.embeddings_state.get("attempts", 0) - int(was_started))


@transaction.atomic
def restart_dead(version_id: int, token: str, log: str = "") -> None:
    """After the death of an attempt's process or worker: another turn, three at most."""
    held = _hold(version_id)
    if held is None or held.embeddings_state.get("token") != token:
        return
    attempts = held.embeddings_state.get("attempts", 0)
    if attempts < MAX_ATTEMPTS:
        _wait_again(held)
        return
    error = InternalError(
        f"Computing them was started {attempts} times and the process died each time.",
        hint="The machine may be out of memory or disk; see the Compute page, then try again.",
        code="embedding_died",
    )
    failed = {"status": "failed", "error": error.to_dict() | ({"log": log} if log else {})}
    held.embeddings_state = held.embeddings_state | failed
    held.save(update_fields=["embeddings_state"])


def compute_again(version: DatasetVersion) -> None:
    """Forget the vectors of a version, or why there are none, and have them computed from its images.

    Raises:
        ConflictError: they are turned off, being computed, or the version is not ready.
    """
    if not settings.STUDIO_EMBEDDINGS:
        raise ConflictError("Similar images are turned off.", hint="STUDIO_EMBEDDINGS=on turns them on.")
    with transaction.atomic():
        held = _hold(version.pk)
        if held is None or held.embeddings_state.get("status") == "running":
            raise ConflictError(f"{version} is being computed or not ready.", hint="Wait until it is.")
        key, held.embeddings_key = held.embeddings_key, ""
        held.embeddings_state = {"run": uuid.uuid4().hex[:8]}
        held.save(update_fields=["embeddings_state", "embeddings_key"])
    if key:
        storage.delete_folder(key)


def _list_open() -> list[DatasetVersion]:
    """The versions without vectors, the newest first."""
    ready = DatasetVersion.objects.filter(status=_READY, embeddings_key="")
    return list(ready.order_by("-pk").only("pk", "embeddings_state"))


@transaction.atomic
def _give_turn(version_id: int) -> None:
    held = _hold(version_id)
    if held is not None and held.embeddings_state.get("status") in (None, "waiting"):
        _wait_again(held)
        enqueue_embedding(held.pk, held.embeddings_state["token"])


def _wait_again(held: DatasetVersion, **changes: Any) -> None:
    """With a new token, which shuts out the attempt that had it so far should it still live."""
    waiting = {"status": "waiting", "token": str(uuid.uuid4()), "phase": "waiting"}
    held.embeddings_state = held.embeddings_state | waiting | changes
    held.save(update_fields=["embeddings_state"])


def _hold(version_id: int) -> DatasetVersion | None:
    ready = DatasetVersion.objects.select_for_update().filter(pk=version_id, status=_READY)
    return ready.only("pk", "embeddings_state", "embeddings_key").first()
