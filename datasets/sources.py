"""What a version is imported from, as a file or folder on this machine."""

from __future__ import annotations

import posixpath
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import unquote, urlsplit

from fsspec.core import url_to_fs

from datasets import storage
from datasets.allowed import Source, check_path, check_url, find_source
from datasets.guarded_http import FetchError, fetch, probe
from datasets.models import DatasetVersion
from datasets.watching import watch
from vision.data.limits import DEFAULT_LIMITS, MIB, ImportLimits
from vision.errors import InvalidDatasetError

OnProgress = Callable[[float], None]
_SECONDS_A_GIB = 1200.0  # slower than this, a download is given up: 0.9 MB a second
_LEAST_SECONDS = 600.0


def fetch_source(version: DatasetVersion, folder: Path, limits: ImportLimits, on_progress: OnProgress) -> Path:
    """The file or folder to import. It is only read: what an import unpacks goes elsewhere.

    Uploads are used where they lie if storage is local; folders of the server always; addresses are downloaded into
    `folder`, the sample is rendered there. `on_progress(fraction)` is told often, 0–1; what it raises ends it.

    Raises:
        InvalidDatasetError: it is not there, not allowed (any more), or too large.
    """
    kind = version.origin.get("kind", "")
    if kind == "path":
        return check_path(version.origin["path"])
    if kind == "url":
        return download(check_url(version.origin["url"]), folder / "source", limits, on_progress)
    if kind == "sample" and not version.source_key:
        return _render_sample(version, folder, on_progress)
    if version.origin.get("files"):
        return watch(lambda tell: _fetch_folder(version.source_key, folder / "source", tell), on_progress)
    return watch(lambda tell: _fetch_file(version.source_key, folder / "source", tell), on_progress)


def _render_sample(version: DatasetVersion, folder: Path, on_progress: OnProgress) -> Path:
    from vision.data.sample import write_sample  # it draws with OpenCV, which the web process is spared

    archive = folder / "source" / version.source_name
    write_sample(version.origin["task"], archive, version.origin["images"], on_progress=on_progress)
    return archive


def download(source: Source, folder: Path, limits: ImportLimits, on_progress: OnProgress) -> Path:
    """A file of an address, or every file below it, into `folder`; answers where.

    Raises:
        InvalidDatasetError: it cannot be read, or is larger than allowed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if source.scheme in ("http", "https"):
            return _download_http(source, folder, limits, on_progress)
        return watch(lambda tell: _Remote(source, limits, tell).download(folder), on_progress)
    except FetchError as error:
        raise _unreadable(source, str(error)) from error


def peek(source: Source, most: int = 5) -> list[str]:
    """The first few names below an address, to see that it can be read; none where a list cannot be had.

    Raises:
        InvalidDatasetError: it cannot be read.
    """
    if source.scheme not in ("http", "https"):
        return _Remote(source, DEFAULT_LIMITS, lambda fraction: None).list_names(most)
    try:
        probe(source)
    except FetchError as error:
        raise _unreadable(source, str(error)) from error
    return []


def _fetch_file(key: str, target: Path, on_progress: OnProgress) -> Path:
    path = storage.local_path(key)
    if path is not None:
        return path
    with storage.open_read(key) as remote:
        _copy(remote, target, storage.size(key), lambda count, total: on_progress(count / max(1, total)))
    return target


def _fetch_folder(key: str, target: Path, on_progress: OnProgress) -> Path:
    path = storage.local_path(key)
    if path is not None:
        return path
    names = storage.list_files(key)
    for number, name in enumerate(names):
        _fetch_file(f"{key}/{name}", target / name, lambda fraction: on_progress(number / len(names)))  # noqa: B023
    return target


def _download_http(source: Source, folder: Path, limits: ImportLimits, on_progress: OnProgress) -> Path:
    name = Path(unquote(urlsplit(source.url).path)).name or "source"
    most = min(limits.max_unpacked_bytes, _free_bytes(folder, limits))
    seconds = max(_LEAST_SECONDS, most / (1 << 30) * _SECONDS_A_GIB)

    def tell(received: int, expected: int) -> None:
        on_progress(received / expected if expected else 0.0)

    fetch(source, folder / name, find_source, most, seconds, tell)
    return folder / name


class _Remote:
    """An fsspec address: a file, or a folder with all that is below it."""

    def __init__(self, source: Source, limits: ImportLimits, on_progress: OnProgress) -> None:
        self._source, self._limits, self._on_progress = source, limits, on_progress
        try:
            found = url_to_fs(source.url)
        except ImportError as error:
            raise _unreadable(source, f"{source.scheme}:// needs a package that is not installed ({error})") from error
        except Exception as error:  # every file system raises its own
            raise _unreadable(source, str(error)) from error
        self._files, self._root = cast(tuple[Any, str], found)

    def download(self, folder: Path) -> Path:
        try:
            if self._files.isfile(self._root):
                return self._copy_all({self._root: self._files.size(self._root) or 0}, folder)
            return self._copy_all(self._list_files(), folder)
        except (InvalidDatasetError, OSError) as error:
            if isinstance(error, InvalidDatasetError):
                raise
            raise _unreadable(self._source, str(error)) from error

    def list_names(self, most: int) -> list[str]:
        try:
            if self._files.isfile(self._root):
                return [posixpath.basename(self._root)]
            names = self._files.ls(self._root, detail=False)[:most]
        except Exception as error:  # every file system raises its own
            raise _unreadable(self._source, str(error)) from error
        return [posixpath.basename(str(name).rstrip("/")) for name in names]

    def _list_files(self) -> dict[str, int]:
        found = self._files.find(self._root, detail=True)
        if not found:
            raise _unreadable(self._source, "there is no file")
        if len(found) > self._limits.max_entries:
            raise _too_large(f"{self._source.shown} holds more than {self._limits.max_entries:,} files.")
        return {name: int(entry.get("size") or 0) for name, entry in found.items()}

    def _copy_all(self, sizes: dict[str, int], folder: Path) -> Path:
        total, most = sum(sizes.values()), min(self._limits.max_unpacked_bytes, _free_bytes(folder, self._limits))
        if total > most:
            raise _too_large(f"{self._source.shown} has {total / 1e9:,.1f} GB; there is room for {most / 1e9:,.1f} GB.")
        before = 0
        for name, size in sizes.items():
            target = _place_below(folder, self._relative(name))
            with self._files.open(name, "rb") as remote:

                def tell(count: int, expected: int, start: int = before) -> None:
                    self._on_progress(min(1.0, (start + count) / max(1, total)))

                before += _copy(remote, target, size, tell)
        return target if len(sizes) == 1 and self._root in sizes else folder

    def _relative(self, name: str) -> str:
        root = self._root.rstrip("/")
        return posixpath.basename(name) if name == self._root else name.removeprefix(root).lstrip("/")


def _place_below(folder: Path, name: str) -> Path:
    target = folder / name
    if ".." in Path(name).parts or not target.resolve().is_relative_to(folder.resolve()):
        raise InvalidDatasetError(f"{name[:200]!r} leads out of its folder.", code="hostile_entry")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _copy(remote: IO[bytes], target: Path, size: int, on_bytes: Callable[[int, int], None]) -> int:
    """Copy no more than the bytes that were announced; answers how many."""
    target.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with target.open("wb") as file:
        while piece := remote.read(MIB):
            count += len(piece)
            if size and count > size:
                raise _too_large(f"{target.name} has more bytes than its folder says.")
            file.write(piece)
            on_bytes(count, size)
    return count


def _free_bytes(folder: Path, limits: ImportLimits) -> int:
    return max(0, shutil.disk_usage(folder).free - limits.keep_free_bytes)


def _unreadable(source: Source, reason: str) -> InvalidDatasetError:
    return InvalidDatasetError(
        f"{source.shown} cannot be read: {reason.rstrip('.')}.",
        hint="Check the address, and that the server may read it.",
        code="unreadable_source",
    )


def _too_large(message: str) -> InvalidDatasetError:
    return InvalidDatasetError(message, hint="Import it in parts.", code="archive_too_large")
