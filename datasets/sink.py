"""Images of an import into storage, each under its hash."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from datasets import storage


class Journal(Protocol):
    """What is told of every image before it is stored."""

    def note(self, sha256: str) -> None: ...


class StorageSink:
    """What `vision.data.importing` hands its good images to."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def has_image(self, sha256: str) -> bool:
        return storage.exists(storage.thumb_key(sha256)) and storage.exists(storage.blob_key(sha256))

    def put_image(self, sha256: str, path: Path) -> None:
        self._journal.note(sha256)
        storage.put_file(path, storage.blob_key(sha256))

    def put_thumbnail(self, sha256: str, data: bytes) -> None:
        self._journal.note(sha256)
        storage.write_bytes(storage.thumb_key(sha256), data)
