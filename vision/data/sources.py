"""What was handed over, as one folder of files: archives unpacked, single files beside them."""

from __future__ import annotations

import os
import posixpath
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from vision.data.archive import detect_archive, is_litter, unpack_archive
from vision.data.limits import ImportLimits
from vision.data.upload import Outside, Upload, is_image_name
from vision.errors import InvalidDatasetError

_ARCHIVE_NAMES = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".rar", ".7z")


def open_source(
    source: Path,
    target: Path,
    file_name: str,
    limits: ImportLimits,
    on_progress: Callable[[float], None],
    outside: Outside | None = None,
) -> Upload:
    """The files of a source: one archive, one file, or a folder of files and archives.

    An archive is unpacked into `target`, several each into a folder of its own name. A folder without archives is used
    where it lies. Links are never followed; archives within archives stay packed (`list_archives`).

    Raises:
        InvalidDatasetError: a hostile or damaged archive, more files than allowed.
    """
    if source.is_dir():
        return _open_folder(source, target, limits, on_progress, outside)
    if _is_archive(source, file_name or source.name):
        return _gather(target, unpack_archive(source, target, limits, on_progress), target, outside)
    target.mkdir(parents=True, exist_ok=True)
    name = Path(file_name or source.name).name
    _place(source, target / name)
    return _gather(target, [name], target, outside)


def list_files(folder: Path, limits: ImportLimits) -> list[str]:
    """The plain files below a folder, relative and sorted; links and what is no file are left out.

    Raises:
        InvalidDatasetError: more than `limits.max_entries`.
    """
    found: list[str] = []
    for parent, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        for name in names:
            path = Path(parent, name)
            relative = path.relative_to(folder)
            if path.is_file() and not path.is_symlink() and not is_litter(relative):
                found.append(relative.as_posix())
        if len(found) > limits.max_entries:
            raise InvalidDatasetError(
                f"The folder holds more than {limits.max_entries:,} files.",
                hint="Import it in parts.",
                code="archive_too_large",
            )
    return sorted(found)


def _open_folder(
    source: Path, target: Path, limits: ImportLimits, on_progress: Callable[[float], None], outside: Outside | None
) -> Upload:
    files = list_files(source, limits)
    archives = [file for file in files if _is_archive_of_folder(source / file, file)]
    if not archives:
        return _gather(source, files, target, outside)
    if len(files) == 1:
        return open_source(source / files[0], target, files[0], limits, on_progress, outside)
    found: list[str] = []
    for number, file in enumerate(archives):
        folder = _free_name(target, posixpath.join(posixpath.dirname(file), Path(file).name.split(".")[0] or "archive"))
        scale = (number / len(archives), 1 / len(archives))
        unpacked = unpack_archive(source / file, target / folder, limits, _part_of(on_progress, *scale))
        found += [f"{folder}/{name}" for name in unpacked]
    for file in sorted(set(files) - set(archives)):
        if (target / file).exists():
            message = f"{file} was uploaded beside an archive of that name."
            raise InvalidDatasetError(message, hint="Rename one of them.")
        _place(source / file, target / file)
        found.append(file)
    return _gather(target, sorted(found), target, outside)


def _gather(root: Path, files: list[str], target: Path, outside: Outside | None) -> Upload:
    return Upload(root, files, outside, target.parent / "embedded")


def list_archives(files: Iterable[str]) -> list[str]:
    """Those called like an archive."""
    return [file for file in files if file.lower().endswith(_ARCHIVE_NAMES)]


def _is_archive_of_folder(source: Path, file: str) -> bool:
    """At the top whatever its name, but for images, which may be a million; below only by its name."""
    if "/" not in file:
        return not is_image_name(file) and _is_archive(source, file)
    return bool(list_archives([file])) and detect_archive(source) is not None


def _is_archive(source: Path, name: str) -> bool:
    if detect_archive(source) is not None:
        return True
    if name.lower().endswith(_ARCHIVE_NAMES):
        raise InvalidDatasetError(
            f"{name} is called like an archive and cannot be opened as one: damaged, cut off, or of a kind not read.",
            hint="Pack the files as zip, tar, tar.gz or tar.zst and upload that.",
            code="damaged_archive",
        )
    return False


def _free_name(folder: Path, name: str) -> str:
    number, free = 1, name
    while (folder / free).exists():
        number += 1
        free = f"{name}-{number}"
    return free


def _part_of(on_progress: Callable[[float], None], start: float, share: float) -> Callable[[float], None]:
    return lambda fraction: on_progress(start + share * fraction)


def _place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)
