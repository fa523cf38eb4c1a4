"""Writing a zip of any size: stored or deflated as it comes, nothing of it in memory, its directory neither."""

from __future__ import annotations

import struct
import tempfile
import zlib
from pathlib import Path
from typing import IO, Any

_CHUNK = 1 << 20
_LOCAL, _CENTRAL, _END, _END64, _LOCATOR = 0x04034B50, 0x02014B50, 0x06054B50, 0x06064B50, 0x07064B50
_ZIP64, _UTF8 = 45, 0x0800
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_MIDNIGHT = (1980 - 1980) << 9 | 1 << 5 | 1  # the same rows give the same bytes: no clock in it
_FILE_MODE = 0o100644 << 16
_STORED, _DEFLATED = 0, 8


class ZipWriter:
    """Files into a zip, one after another. Every entry has ZIP64 fields, so no size and no number is too large.

    The file appears whole, on `close`; as a context manager it leaves nothing behind where an exception ends it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = path.with_name(f".tmp-{path.name}")
        self._file = self._temporary.open("wb")
        self._directory = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115  closed by close
        self._count = 0

    def add(self, name: str, source: IO[bytes], *, compress: bool = False) -> int:
        """One file under a relative name; returns its size in bytes, not packed."""
        start = self._file.tell()
        text = name.encode("utf-8", "replace")
        method = _DEFLATED if compress else _STORED
        self._file.write(_local_header(text, method, 0, 0, 0))
        check, size, packed = self._copy(source, compress)
        end = self._file.tell()
        self._file.seek(start)
        self._file.write(_local_header(text, method, check, packed, size))
        self._file.seek(end)
        self._directory.write(_central_header(text, method, check, packed, size, start))
        self._count += 1
        return size

    def close(self) -> Path:
        """Write the directory and give the file its name."""
        start = self._file.tell()
        self._directory.seek(0)
        while chunk := self._directory.read(_CHUNK):
            self._file.write(chunk)
        self._file.write(_end_of_directory(self._count, start, self._file.tell() - start))
        self._release()
        self._temporary.replace(self._path)
        return self._path

    def __enter__(self) -> ZipWriter:
        return self

    def __exit__(self, kind: Any, *ignored: object) -> None:
        if kind is None:
            self.close()
            return
        self._release()
        self._temporary.unlink(missing_ok=True)

    def _copy(self, source: IO[bytes], compress: bool) -> tuple[int, int, int]:
        packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS) if compress else None
        check = size = packed = 0
        while chunk := source.read(_CHUNK):
            check = zlib.crc32(chunk, check)
            size += len(chunk)
            packed += self._file.write(packer.compress(chunk) if packer else chunk)
        return check, size, packed + (self._file.write(packer.flush()) if packer else 0)

    def _release(self) -> None:
        self._file.close()
        self._directory.close()


def _local_header(name: bytes, method: int, check: int, packed: int, size: int) -> bytes:
    extra = struct.pack("<HHQQ", 1, 16, size, packed)
    head = struct.pack(
        "<IHHHHHIIIHH", _LOCAL, _ZIP64, _UTF8, method, 0, _MIDNIGHT, check, _FULL32, _FULL32, len(name), len(extra)
    )
    return head + name + extra


def _central_header(name: bytes, method: int, check: int, packed: int, size: int, start: int) -> bytes:
    extra = struct.pack("<HHQQQ", 1, 24, size, packed, start)
    made_by_unix = 3 << 8 | _ZIP64
    sizes = (_FULL32, _FULL32, len(name), len(extra), 0, 0, 0, _FILE_MODE, _FULL32)
    head = struct.pack("<IHHHHHHIIIHHHHHII", _CENTRAL, made_by_unix, _ZIP64, _UTF8, method, 0, _MIDNIGHT, check, *sizes)
    return head + name + extra


def _end_of_directory(count: int, start: int, size: int) -> bytes:
    end64 = struct.pack("<IQHHIIQQQQ", _END64, 44, _ZIP64, _ZIP64, 0, 0, count, count, size, start)
    locator = struct.pack("<IIQI", _LOCATOR, 0, start + size, 1)
    end = struct.pack("<IHHHHIIH", _END, 0, 0, min(count, _FULL16), min(count, _FULL16), _FULL32, _FULL32, 0)
    return end64 + locator + end
