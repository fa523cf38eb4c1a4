"""A model version as one zip, made while it is sent: memory stays at one chunk whatever the model weighs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from datasets import storage

_CHUNK = 1 << 20


class _Outlet(io.RawIOBase):
    """What zipfile writes to; `take` empties it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def stream_zip(key: str) -> Iterator[bytes]:
    """The files below a storage folder as the chunks of a zip. Stored, not deflated: weights do not compress."""
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_STORED) as archive:
        for name in storage.list_files(key):
            with storage.open_read(f"{key}/{name}") as source, archive.open(name, "w", force_zip64=True) as target:
                while chunk := source.read(_CHUNK):
                    target.write(chunk)
                    yield outlet.take()
    yield outlet.take()
