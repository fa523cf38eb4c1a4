"""Where files are kept: STORAGE_URL, any fsspec address; `STUDIO_HOME/storage` by default.

Keys are relative paths with `/`: `blobs/ab/<sha256>`, `thumbs/ab/<sha256>.webp`, `datasets/<name>/<version>/…`,
`uploads/…`, `trials/<trial>/…`, `models/<name>/<version>/…`.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast
from urllib.parse import unquote, urlsplit

import fsspec
from django.conf import settings
from fsspec.core import url_to_fs

from vision.data.drafts import draft_of


def _root() -> tuple[fsspec.AbstractFileSystem, str]:
    return cast(tuple[fsspec.AbstractFileSystem, str], url_to_fs(settings.STORAGE_URL))


def _full(key: str) -> str:
    if key.startswith("/") or ".." in key.split("/"):
        raise ValueError(f"not a storage key: {key!r}")
    return f"{_local_root() or _root()[1]}/{key}"


def _local_root() -> Path | None:
    parts = urlsplit(settings.STORAGE_URL)
    return Path(unquote(parts.path)) if parts.scheme in ("", "file") else None


def local_path(key: str) -> Path | None:
    """The file of that key where storage is a local folder, else None. The file need not exist."""
    return Path(_full(key)) if _local_root() else None


def exists(key: str) -> bool:
    path = local_path(key)
    return path.exists() if path else bool(_root()[0].exists(_full(key)))


def size(key: str) -> int:
    path = local_path(key)
    return path.stat().st_size if path else int(_root()[0].size(_full(key)))


def open_read(key: str) -> IO[bytes]:
    """The file opened for reading.

    Raises:
        FileNotFoundError: no such key.
    """
    path = local_path(key)
    return path.open("rb") if path else cast(IO[bytes], _root()[0].open(_full(key), "rb"))


def read_bytes(key: str) -> bytes:
    with open_read(key) as file:
        return file.read()


def write_bytes(key: str, data: bytes) -> None:
    """Write whole or not at all: to a temporary name, synced, renamed."""
    path = local_path(key)
    if path is None:
        _root()[0].pipe_file(_full(key), data)
        return
    with draft_of(path) as draft, draft.open("wb") as file:
        file.write(data)


def put_file(source: Path, key: str) -> None:
    """Copy a local file into storage, whole or not at all."""
    path = local_path(key)
    if path is None:
        _root()[0].put_file(str(source), _full(key))
        return
    with draft_of(path) as draft:
        shutil.copyfile(source, draft)


def take_file(source: Path, key: str) -> None:
    """Move a local file into storage: renamed where both lie on one disk, else copied and removed."""
    path = local_path(key)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            source.replace(path)
            return
        except OSError:  # another disk
            pass
    put_file(source, key)
    source.unlink(missing_ok=True)


def put_folder(source: Path, key: str) -> int:
    """Copy every file below a local folder into storage; returns the bytes copied."""
    total = 0
    for file in sorted(path for path in source.rglob("*") if path.is_file()):
        put_file(file, f"{key}/{file.relative_to(source).as_posix()}")
        total += file.stat().st_size
    return total


def fetch_file(key: str, target: Path) -> Path:
    """The file on the local disk: itself where storage is local, else copied to `target`."""
    path = local_path(key)
    if path is not None:
        return path
    with draft_of(target) as draft:
        _root()[0].get_file(_full(key), str(draft))
    return target


def fetch_folder(key: str, target: Path) -> Path:
    """A folder on the local disk: itself where storage is local, else copied to `target`."""
    path = local_path(key)
    if path is not None:
        return path
    for name in list_files(key):
        if not (target / name).exists():
            fetch_file(f"{key}/{name}", target / name)
    return target


def list_files(key: str) -> list[str]:
    """The files below a folder, relative to it, sorted."""
    path = local_path(key)
    if path is not None:
        return sorted(p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file())
    root = _full(key)
    return sorted(str(name)[len(root.lstrip("/")) :].lstrip("/") for name in _root()[0].find(root))


def list_folders(key: str) -> list[str]:
    """The names of the folders right below a folder; none where it is not there."""
    path = local_path(key)
    if path is not None:
        return sorted(child.name for child in path.iterdir() if child.is_dir()) if path.is_dir() else []
    if not exists(key):
        return []
    found = _root()[0].ls(_full(key), detail=True)
    return sorted(str(entry["name"]).rstrip("/").rpartition("/")[2] for entry in found if entry["type"] == "directory")


def find_newest(key: str) -> datetime:
    """When the newest file below a folder was written; for a folder without files, now."""
    path = local_path(key)
    if path is not None:
        times = [file.stat().st_mtime for file in [path, *path.rglob("*")]]
        return datetime.fromtimestamp(max(times), UTC)
    files = _root()[0]
    found = [files.modified(name) for name in files.find(_full(key))]
    return max((time if time.tzinfo else time.replace(tzinfo=UTC) for time in found), default=datetime.now(UTC))


def move_file(source: str, target: str) -> bool:
    """Rename a file, whatever lies at the target; False where there is none."""
    paths = local_path(source), local_path(target)
    try:
        if paths[0] is None or paths[1] is None:
            _root()[0].mv(_full(source), _full(target))
        else:
            paths[1].parent.mkdir(parents=True, exist_ok=True)
            paths[0].replace(paths[1])
    except FileNotFoundError:
        return False
    return True


def delete_folder(key: str) -> None:
    """Remove everything below a folder; nothing there is fine."""
    path = local_path(key)
    if path is not None:
        shutil.rmtree(path, ignore_errors=True)
    elif exists(key):
        _root()[0].rm(_full(key), recursive=True)


def delete_file(key: str) -> None:
    path = local_path(key)
    if path is not None:
        path.unlink(missing_ok=True)
    elif exists(key):
        _root()[0].rm_file(_full(key))


def blob_key(sha256: str) -> str:
    """Where an image of that hash is kept."""
    return f"blobs/{sha256[:2]}/{sha256}"


def thumb_key(sha256: str) -> str:
    """Where its thumbnail (WebP, longest side 256) is kept."""
    return f"thumbs/{sha256[:2]}/{sha256}.webp"
