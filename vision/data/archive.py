"""Unpacking an upload without trusting a byte of it."""

from __future__ import annotations

import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import IO

import zstandard

from vision.data.archive_headers import ZipSource, bounded_headers
from vision.data.limits import DEFAULT_LIMITS, MIB, ImportLimits
from vision.errors import Detail, InvalidDatasetError

_CHUNK = MIB
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_WINDOW = 128 * MIB  # what `zstd --long` uses at most; a header that asks for more is refused
_SHOWN = 20
_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class Entry:
    """One entry of an archive: `refusal` says why it must not be unpacked, "" if it may."""

    name: str
    size: int
    is_folder: bool
    refusal: str
    open: Callable[[], IO[bytes]]


def detect_archive(source: Path) -> str | None:
    """`"zip"`, `"tar"` (plain, gzip, bzip2, xz), `"tar.zst"`, or None. Judged by content, never by name.

    Raises:
        InvalidDatasetError: it begins like no honest tar.
    """
    if zipfile.is_zipfile(source):
        return "zip"
    with source.open("rb") as file:
        if file.read(len(_ZSTD)) == _ZSTD:
            return "tar.zst"
    try:
        with tarfile.open(source, tarinfo=bounded_headers()):
            return "tar"
    except (EOFError, OSError, RecursionError, tarfile.TarError, zlib.error):
        return None


def unpack_archive(
    source: Path,
    target: Path,
    limits: ImportLimits = DEFAULT_LIMITS,
    on_progress: Callable[[float], None] = lambda fraction: None,
) -> list[str]:
    """Unpack a zip or tar into an empty folder; returns the relative paths of the files, sorted.

    Links, devices, paths that lead outside and encrypted entries are refused, all of them named in one error;
    bombs stop at the limits while they unpack, whatever their headers claim.

    Raises:
        InvalidDatasetError: hostile, damaged or over a limit.
    """
    target.mkdir(parents=True, exist_ok=True)
    kind = detect_archive(source)
    read = {"zip": _read_zip, "tar.zst": _read_tar_zst}.get(kind or "", _read_tar)
    unpacking = _Unpacking(source, target, limits, on_progress)
    with _say_what_is_damaged(source.name):
        for entry, fraction in read(source, limits):
            unpacking.take(entry)
            unpacking.tell(fraction)
    unpacking.raise_refused()
    return sorted(unpacking.files)


class _Unpacking:
    def __init__(self, source: Path, target: Path, limits: ImportLimits, on_progress: Callable[[float], None]) -> None:
        self._on_progress = on_progress
        self._fraction = 0.0
        self.files: list[str] = []
        self._target = target
        self._limits = limits
        self._packed = max(1, source.stat().st_size)
        self._unpacked = 0
        self._entries = 0
        self._room = shutil.disk_usage(target).free - limits.keep_free_bytes
        self._refused: list[Detail] = []

    def tell(self, fraction: float) -> None:
        self._fraction = fraction
        self._on_progress(fraction)

    def take(self, entry: Entry) -> None:
        self._entries += 1
        if self._entries > self._limits.max_entries:
            raise _over(f"The archive holds more than {self._limits.max_entries:,} files.")
        path = PurePosixPath(entry.name.replace("\\", "/"))
        refusal = entry.refusal or self._judge_path(path, entry.name)
        if refusal:
            self._refused.append(Detail(refusal, code="hostile_entry", file=entry.name[:300]))
        elif not entry.is_folder and not is_litter(path):
            self._write(entry, path)
            return
        self._unpacked += entry.size  # it is passed over, which takes as long as unpacking it
        self._check_room(entry, 0)

    def raise_refused(self) -> None:
        if self._refused:
            count = len(self._refused)
            raise InvalidDatasetError(
                f"The archive was refused: {count} of its entries {'is' if count == 1 else 'are'} not plain files "
                "inside it.",
                hint="Pack the folder again without links, with plain relative paths and without a password.",
                code="hostile_archive",
                details=self._refused[:_SHOWN],
            )

    def _judge_path(self, path: PurePosixPath, name: str) -> str:
        if not name.strip("./") and not name.strip("/"):
            return "The path is the root of a disk."
        if path.is_absolute() or (path.parts and ":" in path.parts[0]):
            return "The path is absolute."
        if ".." in path.parts:
            return "The path leads out of the archive by '..'."
        if "\x00" in name or any(ord(letter) < 32 for letter in name):
            return "The path holds control characters."
        try:
            length = len(name.encode())
        except UnicodeEncodeError:
            return "The path is not valid text."
        if length > self._limits.max_path_bytes or len(path.parts) > self._limits.max_path_depth:
            return "The path is too long or too deep."
        return ""

    def _write(self, entry: Entry, path: PurePosixPath) -> None:
        if entry.size > self._limits.max_file_bytes:
            raise _over(
                f"{entry.name} is {entry.size / 1e9:.1f} GB; one file may have "
                f"{self._limits.max_file_bytes / 1e9:.1f} GB."
            )
        target = self._target.joinpath(*path.parts)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with entry.open() as source, target.open("xb") as file:
                self._copy(entry, source, file)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            self._refused.append(Detail("The archive holds this path twice.", code="hostile_entry", file=entry.name))
            return
        self.files.append(path.as_posix())

    def _copy(self, entry: Entry, source: IO[bytes], file: IO[bytes]) -> None:
        size = 0
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            self._unpacked += len(chunk)
            self._check_room(entry, size)
            self._on_progress(self._fraction)  # a sign of life within a large file
            file.write(chunk)

    def _check_room(self, entry: Entry, size: int) -> None:
        limits = self._limits
        if size > limits.max_file_bytes or self._unpacked > limits.max_unpacked_bytes:
            raise _over(f"The archive unpacks to more than is allowed (at {entry.name}).")
        if self._unpacked > limits.ratio_grace_bytes and self._unpacked > limits.max_ratio * self._packed:
            raise _over(
                f"The archive unpacks to over {limits.max_ratio} times its size (at {entry.name}): "
                "a photo collection never does."
            )
        if self._unpacked > self._room:
            raise InvalidDatasetError(
                "There is not enough disk space to unpack the archive.",
                hint="Free space under STUDIO_HOME, or set STUDIO_HOME to a larger disk.",
                code="no_space",
            )


def _over(message: str) -> InvalidDatasetError:
    return InvalidDatasetError(message, hint="Split the dataset into smaller archives.", code="archive_too_large")


def is_litter(path: PurePath) -> bool:
    """Whether a file is what an operating system leaves behind in folders."""
    return "__MACOSX" in path.parts or path.name in _LITTER or path.name.startswith("._")


def _read_zip(source: Path, limits: ImportLimits) -> Iterator[tuple[Entry, float]]:
    with (
        ZipSource(source, limits.max_entries) as file,
        zipfile.ZipFile(file) as archive,
    ):
        entries = archive.infolist()
        for number, info in enumerate(entries, start=1):
            mode = info.external_attr >> 16
            refusal = ""
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                refusal = "It is a link or a device."
            elif info.flag_bits & 0x1:
                refusal = "It is encrypted."
            opener = _zip_opener(archive, info)
            yield Entry(info.filename, info.file_size, info.is_dir(), refusal, opener), number / len(entries)


def _zip_opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    return lambda: archive.open(info)


def _read_tar(source: Path, limits: ImportLimits) -> Iterator[tuple[Entry, float]]:
    size = max(1, source.stat().st_size)
    with source.open("rb") as raw, tarfile.open(fileobj=raw, mode="r:*", tarinfo=bounded_headers()) as archive:
        yield from _read_members(archive, lambda: raw.tell() / size)


def _read_members(archive: tarfile.TarFile, tell: Callable[[], float]) -> Iterator[tuple[Entry, float]]:
    for member in archive:
        archive.members = []  # type: ignore[attr-defined]  # else every header stays in memory
        refusal = "" if member.isreg() or member.isdir() else "It is a link or a device."
        yield Entry(member.name, member.size, member.isdir(), refusal, _tar_opener(archive, member)), tell()


def _read_tar_zst(source: Path, limits: ImportLimits) -> Iterator[tuple[Entry, float]]:
    size = max(1, source.stat().st_size)
    plain = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    with (
        source.open("rb") as raw,
        plain.stream_reader(raw, read_across_frames=True) as stream,
        tarfile.open(fileobj=stream, mode="r|", tarinfo=bounded_headers()) as archive,
    ):
        yield from _read_members(archive, lambda: raw.tell() / size)


def _tar_opener(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], IO[bytes]]:
    def open_member() -> IO[bytes]:
        file = archive.extractfile(member)
        if file is None:
            raise tarfile.ReadError(f"{member.name} has no content")
        return file

    return open_member


@contextmanager
def _say_what_is_damaged(name: str) -> Iterator[None]:
    codecs = (zipfile.BadZipFile, tarfile.TarError, zlib.error, zstandard.ZstdError)
    damaged = (*codecs, EOFError, NotImplementedError, RuntimeError)
    try:
        yield
    except damaged as error:
        raise InvalidDatasetError(
            f"The archive {name} is damaged: {error}.",
            hint="Pack it again (zip, tar, tar.gz or tar.zst) and upload it once more.",
            code="damaged_archive",
        ) from error
    except OSError as error:
        if isinstance(error, (tarfile.ReadError,)) or error.errno is None:  # gzip and lzma raise a bare OSError
            raise InvalidDatasetError(
                f"The archive {name} is damaged: {error}.", hint="Pack it again.", code="damaged_archive"
            ) from error
        raise
