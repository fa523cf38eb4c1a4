"""What archives say of themselves, bounded: Python's readers take a header for as long as it claims to be."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vision.errors import InvalidDatasetError

_EXTENDED = {
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
}
_MOST_HEADER = 64 << 10  # bytes of one extended header: a path of a few kilobytes and its times
_MOST_GLOBAL = 1 << 20  # bytes of all global ones: they stay in memory
_LONG_NUMBER = re.compile(rb"\d{21}")  # Python looks for a length in it from every digit on
_ZIP_ENTRY = b"PK\x01\x02"
_ENTRY_BYTES = 256  # of a directory, on average
_PIECE = 1 << 20  # no more than this is read of a zip at once but its directory


def bounded_headers() -> type[tarfile.TarInfo]:
    """`tarinfo` of one `tarfile.open`: headers of members are small, sizes are honest, and nothing is sparse.

    Reading raises InvalidDatasetError where that is not so.
    """

    class Bounded(tarfile.TarInfo):
        _of_globals = 0

        @classmethod
        def frombuf(cls, buf: Any, encoding: str, errors: str) -> Bounded:
            info = super().frombuf(buf, encoding, errors)
            if info.size < 0:
                raise _hostile("a file of a negative size")
            if info.type == tarfile.GNUTYPE_SPARSE:
                raise _hostile("a sparse file")
            if info.type in _EXTENDED and info.size > _MOST_HEADER:
                raise _hostile(f"a header of {info.size:,} bytes")
            if info.type == tarfile.XGLTYPE:
                cls._of_globals += info.size
                if cls._of_globals > _MOST_GLOBAL:
                    raise _hostile(f"global headers of over {_MOST_GLOBAL:,} bytes")
            return info

        def _proc_pax(self, archive: Any) -> tarfile.TarInfo:
            source = archive.fileobj
            data = source.read(self._block(self.size))  # type: ignore[attr-defined]
            if _LONG_NUMBER.search(data):
                raise _hostile("a number without end in a header")

            def restore(size: int) -> bytes:
                archive.fileobj = source
                return data  # type: ignore[no-any-return]

            archive.fileobj = _OneRead(restore)
            return super()._proc_pax(archive)  # type: ignore[misc,no-any-return]

        def _proc_gnusparse_10(self, *ignored: Any) -> None:
            raise _hostile("a sparse file")

    return Bounded


class _OneRead:
    """Stands in for a file until it is first read."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self.read = read


class ZipSource(io.FileIO):
    """The file of a zip whose directory, which Python reads whole, lists no more than `max_entries`.

    Raises:
        InvalidDatasetError: on reading, where it lists more.
    """

    def __init__(self, path: Path, max_entries: int) -> None:
        super().__init__(path)
        self._max_entries = max_entries
        self._most = _PIECE + max_entries * _ENTRY_BYTES
        self._bytes = path.stat().st_size

    def read(self, size: int | None = -1) -> bytes:  # type: ignore[override]
        count = self._bytes - self.tell() if size is None or size < 0 else size
        if count > self._most:
            raise self._too_many()
        data = super().read(count)
        if len(data) > _PIECE and data.count(_ZIP_ENTRY) > self._max_entries:
            raise self._too_many()
        return data

    def _too_many(self) -> InvalidDatasetError:
        return InvalidDatasetError(
            f"The archive holds more than {self._max_entries:,} files.",
            hint="Split the dataset into smaller archives.",
            code="archive_too_large",
        )


def _hostile(what: str) -> InvalidDatasetError:
    return InvalidDatasetError(
        f"The archive was refused: it holds {what}.",
        hint="Pack the folder again with tar or zip, without special options.",
        code="hostile_archive",
    )
