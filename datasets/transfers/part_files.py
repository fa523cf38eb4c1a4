"""The bytes of a transfer on disk, and the lock that lets one request at a time append to them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections import OrderedDict
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings

from datasets.transfers.holders import release_silent
from datasets.transfers.protocol import TransferError
from vision.data.limits import MIB

_MOST_HASHES = 64


def folder() -> Path:
    """Where transfers lie on this machine."""
    path = Path(settings.STUDIO_HOME) / "transfers"
    path.mkdir(parents=True, exist_ok=True)
    return path


def part_path(transfer_id: UUID) -> Path:
    return folder() / f"{transfer_id}.part"


def create(transfer_id: UUID) -> None:
    """An empty file. What lay there before is let go, not emptied: a dataset may have linked it.

    Raises:
        TransferError: a request appends to it (423).
    """
    remove(transfer_id)
    os.close(os.open(part_path(transfer_id), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))


def remove(transfer_id: UUID) -> None:
    """Raises: TransferError: a request appends to it (423)."""
    if part_path(transfer_id).exists():
        with lock(transfer_id):
            part_path(transfer_id).unlink(missing_ok=True)
    _hashes.forget(transfer_id)


def give_up(group: UUID) -> None:
    """Mark a group as given up: requests of it may still be on their way."""
    _mark(group).touch()


def is_given_up(group: UUID) -> bool:
    return _mark(group).exists()


def forget_given_up(before: datetime) -> None:
    """Remove marks that are older."""
    for path in folder().glob("*.given-up"):
        if path.stat().st_mtime < before.timestamp():
            path.unlink(missing_ok=True)


def _mark(group: UUID) -> Path:
    return folder() / f"{group}.given-up"


def lock(transfer_id: UUID) -> LockedFile:
    """The file opened for writing by us alone, in this process and all others of the machine.

    A request that fell silent is made to let go of it first.

    Raises:
        TransferError: someone else has it (423), or it is gone (410).
    """
    release_silent(transfer_id)
    try:
        handle = os.open(part_path(transfer_id), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        raise gone() from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise TransferError(
            "Another request is sending this file.", hint="Try again in a moment.", code="locked", status=423
        ) from None
    if os.fstat(handle).st_nlink == 0:  # removed between opening and locking
        os.close(handle)
        raise gone()
    return LockedFile(handle)


def gone() -> TransferError:
    return TransferError("This transfer is over or has expired.", hint="Begin it again.", code="gone", status=410)


class LockedFile:
    """A part file that only we write to, until it is closed."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def __enter__(self) -> LockedFile:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def size(self) -> int:
        return os.fstat(self._handle).st_size

    def truncate(self, size: int) -> None:
        os.ftruncate(self._handle, size)

    def write_at(self, offset: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._handle, view, offset)
            offset, view = offset + written, view[written:]

    def sync(self) -> None:
        os.fsync(self._handle)

    def close(self) -> None:
        os.close(self._handle)  # frees the lock


class _Hashes:
    """SHA-256 of files so far, so that the last piece of a large file need not wait for the whole to be read again.

    Kept in memory only: after a restart the file is read once, when it is whole.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[UUID, tuple[int, hashlib._Hash]] = OrderedDict()
        self._guard = threading.Lock()

    def take(self, transfer_id: UUID, offset: int) -> hashlib._Hash | None:
        with self._guard:
            known = self._known.pop(transfer_id, None)
        if known is not None and known[0] == offset:
            return known[1]
        return hashlib.sha256() if offset == 0 else None

    def keep(self, transfer_id: UUID, offset: int, state: hashlib._Hash) -> None:
        with self._guard:
            self._known[transfer_id] = (offset, state)
            if len(self._known) > _MOST_HASHES:
                self._known.popitem(last=False)

    def forget(self, transfer_id: UUID) -> None:
        with self._guard:
            self._known.pop(transfer_id, None)


_hashes = _Hashes()
take_hash, keep_hash = _hashes.take, _hashes.keep


def hash_file(transfer_id: UUID) -> str:
    """SHA-256 of the whole file, read in pieces."""
    digest = hashlib.sha256()
    with part_path(transfer_id).open("rb") as file:
        while piece := file.read(MIB):
            digest.update(piece)
    return digest.hexdigest()
