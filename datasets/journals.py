"""Which images an import attempt has stored, one hash a line: what is to be swept should it fail, in whatever way."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings


@dataclass(frozen=True)
class Journal:
    """`<version id>-<token>.txt`, locked by the attempt as long as it lives."""

    path: Path

    @property
    def version_id(self) -> int:
        return int(self.path.stem.partition("-")[0])

    @property
    def token(self) -> UUID:
        return UUID(self.path.stem.partition("-")[2])

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

    @contextmanager
    def hold(self) -> Iterator[bool]:
        """Lock it; answers whether it is ours now. It is not while its attempt lives, or another process sweeps it."""
        try:
            handle = os.open(self.path, os.O_RDWR)
        except FileNotFoundError:
            yield False
            return
        try:
            yield _lock(handle) and self.path.exists()
        finally:
            os.close(handle)


class OpenJournal:
    """The journal of a running attempt. `note` is called from several threads."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def note(self, sha256: str) -> None:
        """An image is going to be stored."""
        os.write(self._handle, f"{sha256}\n".encode())  # one call, appended: lines of threads do not mix


@contextmanager
def write_journal(version_id: int, token: str) -> Iterator[OpenJournal]:
    """The journal of an attempt, which holds it to the end. One that has noted nothing leaves no file."""
    path = _folder() / f"{version_id}-{token}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield OpenJournal(handle)
        if os.fstat(handle).st_size == 0:
            path.unlink(missing_ok=True)
    finally:
        os.close(handle)


def list_journals() -> list[Journal]:
    """Those of this machine."""
    return [Journal(path) for path in sorted(_folder().glob("*-*.txt"))]


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _folder() -> Path:
    return Path(settings.STUDIO_HOME) / "imports" / "journals"
