"""Pretrained weights that were uploaded: kept in storage, brought to the machine that trains."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from django.conf import settings

from datasets import storage
from vision.catalog.architectures import ArchitectureInfo
from vision.catalog.weights_files import check_tensor_file, list_weights_files, match_architectures
from vision.catalog.weights_lookup import find_named, list_weights_folders
from vision.errors import InvalidUploadError, NotFoundError

_FOLDER = "weights"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True)
class KnownWeights:
    """A file of weights that trials find, uploaded or in a folder of this machine."""

    name: str
    bytes: int
    is_uploaded: bool
    architectures: tuple[str, ...]


def list_weights() -> list[KnownWeights]:
    """What was uploaded, then what lies in the folders that trials on this machine look into."""
    known = [
        KnownWeights(name, storage.size(f"{_FOLDER}/{name}"), True, _names(name))
        for name in sorted(storage.list_files(_FOLDER))
    ]
    for folder in weights_folders():
        for file in list_weights_files(folder):
            known.append(KnownWeights(file.path.name, file.bytes, False, file.architectures))
    return known


def weights_folders() -> list[Path]:
    """STUDIO_WEIGHTS_DIR, where it is set, and torch's own cache: the order in which they are looked into."""
    return list_weights_folders(_own_folder())


@dataclass(frozen=True)
class PretrainedStart:
    """Where a trial finds its pretrained weights, as seen from this machine: in `file`, or by a download.

    With neither it fails, unless the network's library has kept them from before (`may_be_kept`).
    """

    file: str
    is_downloaded: bool
    may_be_kept: bool
    size_mb: int


def find_pretrained(info: ArchitectureInfo) -> PretrainedStart:
    """What a trial of this architecture would start from; nothing is fetched."""
    own, uploaded = info.pretrained, _uploaded_for(info)
    folder = None if uploaded else _own_folder()  # as `bring_weights` does
    file = _first_name(own.file_names, uploaded, folder)
    if not file and settings.STUDIO_OFFLINE:
        file = _first_name(own.fallback_names, uploaded, folder)
    return PretrainedStart(file, not (file or settings.STUDIO_OFFLINE), bool(own.cache), info.size_mb)


def _first_name(patterns: Sequence[str], uploaded: Sequence[str], folder: Path | None) -> str:
    """The file a trial would find by one of these names, the uploaded ones first; empty where there is none."""
    for pattern in patterns:
        if found := [name for name in uploaded if fnmatch(name, pattern)]:
            return found[0]
    path = find_named(patterns, folder)
    return path.name if path else ""


def add_weights(name: str, path: Path) -> KnownWeights:
    """Keep the file at `path`, uploaded as `name`; an earlier one of that name is replaced. `path` is moved away.

    Raises:
        InvalidUploadError: the name is no architecture's, or the file holds anything but tensors.
    """
    if not _NAME.fullmatch(name):
        raise InvalidUploadError(
            f"{name[:100]!r} cannot be a file name here.", hint="Use letters, digits, dots, - and _.", code="wrong_name"
        )
    if not match_architectures(name):
        raise InvalidUploadError(
            f"No architecture looks for a file called {name}.",
            hint="Rename it to one of the names in the table of the page Pretrained weights.",
            code="unknown_name",
        )
    check_tensor_file(path, name)
    size = path.stat().st_size
    storage.take_file(path, f"{_FOLDER}/{name}")
    return KnownWeights(name, size, True, _names(name))


def remove_weights(name: str) -> int:
    """Delete an uploaded file; returns the bytes that are free now.

    Raises:
        NotFoundError: nothing of that name was uploaded.
    """
    if name not in storage.list_files(_FOLDER):
        raise NotFoundError(f"No weights called {name[:100]!r} were uploaded.")
    size = storage.size(f"{_FOLDER}/{name}")
    storage.delete_file(f"{_FOLDER}/{name}")
    return size


def bring_weights(info: ArchitectureInfo, folder: Path) -> Path | None:
    """The folder in which trials of this architecture look first: `folder`, with what was uploaded for it brought
    there, or STUDIO_WEIGHTS_DIR where nothing was."""
    uploaded = _uploaded_for(info)
    for name in uploaded:
        key = f"{_FOLDER}/{name}"
        target = folder / name
        if not target.exists() or target.stat().st_size != storage.size(key):
            storage.fetch_file(key, target)
    if uploaded:
        return storage.local_path(_FOLDER) or folder
    return _own_folder()


def _own_folder() -> Path | None:
    """STUDIO_WEIGHTS_DIR of this machine."""
    return Path(settings.STUDIO_WEIGHTS_DIR) if settings.STUDIO_WEIGHTS_DIR else None


def _uploaded_for(info: ArchitectureInfo) -> list[str]:
    return [name for name in sorted(storage.list_files(_FOLDER)) if info.name in _names(name)]


def _names(file_name: str) -> tuple[str, ...]:
    return tuple(info.name for info in match_architectures(file_name))
