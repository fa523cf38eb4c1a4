"""The ways in: what a version is to be imported from, brought to where its import will find it."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath
from typing import IO, Any, BinaryIO, TypeAlias
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile

from datasets import storage
from datasets.allowed import check_path, check_url
from datasets.models import Transfer
from datasets.transfers.taking import link_into_storage
from vision.errors import InvalidDatasetError

File: TypeAlias = "BinaryIO | Path | UploadedFile[Any]"


@dataclass(frozen=True)
class Arrival:
    """What came: `name` as the user knows it, `key` in storage ("" where it is read elsewhere), `origin` as kept."""

    name: str
    key: str = ""
    size: int = 0
    origin: dict[str, Any] = field(default_factory=dict)

    def drop(self) -> None:
        """Free what was kept for it."""
        if self.key:
            storage.delete_folder(self.key.rpartition("/")[0])


def keep_file(file: File, file_name: str) -> Arrival:
    """Store an upload without reading it into memory.

    Raises:
        InvalidDatasetError: it is empty.
    """
    name = PurePath(file_name).name
    key = f"uploads/{uuid.uuid4().hex}/{_safe_name(file_name)}"
    _put(file, key)
    size = storage.size(key)
    if size == 0:
        storage.delete_file(key)
        raise _empty("The file is empty.")
    return Arrival(name, key, size, _upload(f"Uploaded {name}."))


def keep_files(files: Sequence[UploadedFile[Any]]) -> Arrival:
    """Store several uploads as the files of one folder.

    Raises:
        InvalidDatasetError: two have the same name, or all are empty.
    """
    key = _folder_key()
    names = [_safe_name(file.name or "upload") for file in files]
    if len(set(names)) < len(names):
        raise InvalidDatasetError("Two of the files have the same name.", hint="Pack them into one archive.")
    try:
        for file, name in zip(files, names, strict=True):
            _put(file, f"{key}/{name}")
    except BaseException:
        storage.delete_folder(key.rpartition("/")[0])
        raise
    size = sum(storage.size(f"{key}/{name}") for name in names)
    return _folder_arrival(f"{len(names)} files", key, size, len(names))


def keep_transfers(transfers: Sequence[Transfer]) -> Arrival:
    """Link the files of a whole group into storage; a single one is an upload like any other."""
    group = str(transfers[0].group)
    size = sum(transfer.size for transfer in transfers)
    if len(transfers) == 1 and "/" not in transfers[0].path:
        name = transfers[0].path
        folder = f"uploads/{uuid.uuid4().hex}"
        if size == 0:
            raise _empty("The file is empty.")
        link_into_storage(transfers, folder)
        return Arrival(name, f"{folder}/{name}", size, _upload(f"Uploaded {name}.", group=group))
    key = _folder_key()
    try:
        link_into_storage(transfers, key)
    except BaseException:
        storage.delete_folder(key.rpartition("/")[0])
        raise
    return _folder_arrival(_name_folder(transfers), key, size, len(transfers), group=group)


def point_at_path(text: str) -> Arrival:
    """A folder or file of the server, read where it lies.

    Raises:
        InvalidDatasetError: the administrator does not allow it, or it is not there.
    """
    path = check_path(text)
    size = path.stat().st_size if path.is_file() else 0
    origin = {
        "kind": "path",
        "parent": None,
        "path": text.strip(),
        "text": f"Imported from {text.strip()} on the server.",
    }
    return Arrival(path.name, size=size, origin=origin)


def point_at_url(text: str) -> Arrival:
    """An address, read by the import.

    Raises:
        InvalidDatasetError: the administrator does not allow it.
    """
    source = check_url(text)
    name = PurePosixPath(unquote(urlsplit(source.url).path)).name or urlsplit(source.url).netloc
    origin = {"kind": "url", "parent": None, "url": source.url, "text": f"Imported from {source.shown}."}
    return Arrival(name[:255], origin=origin)


def point_at_sample(name: str, task_type: str, images: int) -> Arrival:
    """The bundled sample, rendered by the import."""
    text = "The bundled sample."
    return Arrival(name, origin={"kind": "sample", "parent": None, "task": task_type, "images": images, "text": text})


def _upload(text: str, **more: Any) -> dict[str, Any]:
    return {"kind": "upload", "parent": None, "text": text, **more}


def _folder_key() -> str:
    return f"uploads/{uuid.uuid4().hex}/files"


def _folder_arrival(name: str, key: str, size: int, count: int, **more: Any) -> Arrival:
    what = f"{count:,} file{'' if count == 1 else 's'}"
    text = f"Uploaded {what}." if name == f"{count} files" else f"Uploaded {name}, {what}."
    if size == 0:
        storage.delete_folder(key.rpartition("/")[0])
        raise _empty("The files are empty.")
    return Arrival(name, key, size, _upload(text, files=count, **more))


def _empty(message: str) -> InvalidDatasetError:
    return InvalidDatasetError(message, hint="Choose again.", code="empty_file")


def _name_folder(transfers: Sequence[Transfer]) -> str:
    tops = {transfer.path.partition("/")[0] if "/" in transfer.path else "" for transfer in transfers}
    top = tops.pop()
    return top if top and not tops else f"{len(transfers)} files"


def _put(file: File, key: str) -> None:
    if isinstance(file, TemporaryUploadedFile):
        storage.take_file(Path(file.temporary_file_path()), key)
    elif isinstance(file, Path):
        storage.put_file(file, key)
    else:
        _put_stream(file, key)


def _put_stream(file: IO[bytes] | UploadedFile[Any], key: str) -> None:
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, delete=False) as target:
        shutil.copyfileobj(file, target, 1 << 20)
    storage.take_file(Path(target.name), key)


def _safe_name(file_name: str) -> str:
    letters = (letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "_" for letter in file_name)
    return "".join(letters).lstrip(".")[-100:] or "upload"
