"""Images of an import into storage, each under its hash."""

from __future__ import annotations

from pathlib import Path

from datasets import storage


class StorageSink:
    """What `vision.data.importing` hands its good images to."""

    def has_image(self, sha256: str) -> bool:
        return storage.exists(storage.thumb_key(sha256)) and storage.exists(storage.blob_key(sha256))

    def put_image(self, sha256: str, path: Path) -> None:
        storage.put_file(path, storage.blob_key(sha256))

    def put_thumbnail(self, sha256: str, data: bytes) -> None:
        storage.write_bytes(storage.thumb_key(sha256), data)
