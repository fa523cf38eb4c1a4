"""Image folders: one folder a class, perhaps within one folder a split."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vision.catalog.task_types import TASK_TYPES, TaskType
from vision.data.formats.base import Detection, ExportRow, ReadOptions
from vision.data.formats.found import to_names_cell
from vision.data.formats.placing import SPLIT_FOLDERS, UNLABELLED_FOLDER, Placer, drop_folders
from vision.data.records import Record
from vision.data.report import Report
from vision.data.split_names import read_split
from vision.data.upload import Upload
from vision.errors import InvalidDatasetError

# What data sets of other kinds call their folders of images and masks: alone these are no classes
_NO_CLASSES = re.compile(
    r"(jpeg|jpg|png)?(images?|imgs?|photos?|pictures|data|dataset|labels?|annotations?|masks?|files)"
    r"|segmentation(object|class)|(ped|png|gt)masks|imagesets",
    re.IGNORECASE,
)
_ILLEGAL = '/\\<>:"|?*'  # in folder names of one system or another
_ESCAPED = re.compile("%(25|2E|20|5F|" + "|".join(f"{ord(letter):02X}" for letter in _ILLEGAL) + ")")


@dataclass(frozen=True)
class _Tree:
    """How the folders of an upload are to be read: what all images lie in, and whether splits come next."""

    prefix: str
    has_splits: bool
    classes: frozenset[str]

    def read(self, image: str) -> tuple[str, str]:
        """Split and class folder of an image, each "" where it has none."""
        folders = image.removeprefix(self.prefix).split("/")[:-1]
        split = read_split(folders[0]) if self.has_splits and folders else ""
        folders = folders[1:] if split else folders
        return split, folders[0] if folders else ""


class FolderReader:
    """`<class>/<image>` and `<split>/<class>/<image>`, in any number of wrapping folders.

    Images of no class are unlabelled. Folders below a class folder belong to it.
    """

    def detect(self, upload: Upload) -> Detection | None:
        tree = _read_tree(upload)
        if tree is None:
            return None
        first = next(image for image in upload.images if tree.read(image)[1])
        classes = len(tree.classes)
        reason = (
            f"{posixpath.dirname(first)} is one of {classes} folders named after classes"
            if classes > 1
            else (f"all images lie in one folder, {posixpath.dirname(first)}, taken as their class")
        )
        return Detection("folder", 0.4, reason + (" (the layout of YOLO classification)" if tree.has_splits else ""))

    def guess_task_type(self, upload: Upload, target_column_name: str) -> str:
        return TaskType.CLASSIFICATION

    def read(self, upload: Upload, options: ReadOptions, report: Report) -> Iterator[Record]:
        if options.task_type in (TaskType.DETECTION, TaskType.SEGMENTATION):
            raise InvalidDatasetError(
                f"Folders name classes; they hold nothing for {TASK_TYPES.get(options.task_type).title}.",
                hint="Choose multi-class classification, or add annotation files.",
                code="no_labels",
            )
        tree = _read_tree(upload) or _Tree("", False, frozenset())
        for image in upload.images:
            split, folder = tree.read(image)
            names = [_unescape(folder)] if folder not in ("", UNLABELLED_FOLDER) else []
            label = to_names_cell(names, options.task_type) if names else None
            if not folder:
                report.warning("no_class_folder", "The image lies in no class folder; it has no label.", image=image)
            yield Record(image, label, image, split=split, source=posixpath.dirname(image))


class FolderWriter:
    """`<split>/<class>/<name>`, `val` for validation; images nobody labelled are in `<split>/_unlabelled_/<name>`.

    What a folder name cannot hold of a class name ("/", a dot at its start) is written as in addresses: %2F.
    """

    def __init__(self) -> None:
        self._placer = Placer(by_stem=False)

    def place(self, row: ExportRow) -> str:
        folder = _escape(row.label) if row.label is not None else UNLABELLED_FOLDER
        split = SPLIT_FOLDERS.get(row.split, "train")
        name = drop_folders(row.name, lambda part: part == folder or bool(read_split(part)))
        return self._placer.place(f"{split}/{folder}/{name}", row.name)

    def write(self, rows: Iterable[ExportRow], folder: Path, label_names: list[str], task_type: str) -> None:
        for _ in rows:
            pass  # where an image lies is all there is to say


def _read_tree(upload: Upload) -> _Tree | None:
    """None where no folder can be a class."""
    prefix = ""
    folders, has_images = _list_folders(upload, prefix)
    while len(folders) == 1 and not has_images:
        (only,) = folders
        below, has_images_below = _list_folders(upload, f"{prefix}{only}/")
        if read_split(only) or (has_images_below and not below):
            break  # a split, or a class
        prefix, folders, has_images = f"{prefix}{only}/", below, has_images_below
    splits = {folder for folder in folders if read_split(folder)}
    has_splits = any(_list_folders(upload, f"{prefix}{split}/")[0] for split in splits)
    if splits == folders and not has_splits:
        return None
    tree = _Tree(prefix, has_splits, frozenset())
    classes = {tree.read(image)[1] for image in upload.images} - {"", UNLABELLED_FOLDER}
    if all(_NO_CLASSES.fullmatch(name.replace("_", "")) for name in classes):
        return None
    return _Tree(prefix, has_splits, frozenset(classes))


def _list_folders(upload: Upload, prefix: str) -> tuple[set[str], bool]:
    """The folders directly below a prefix that have images below them, and whether images lie there directly."""
    folders: set[str] = set()
    has_images = False
    for image in upload.images:
        if image.startswith(prefix):
            folder, slash, _ = image[len(prefix) :].partition("/")
            has_images = has_images or not slash
            folders.update([folder] if slash else [])
    return folders, has_images


def _escape(name: str) -> str:
    """A class name as a folder name of any system, from which `_unescape` reads it again."""
    name = _ESCAPED.sub(lambda match: "%25" + match[1], name)
    name = "".join(_encode(letter) if letter in _ILLEGAL else letter for letter in name)
    if name.startswith((".", " ")) or name == UNLABELLED_FOLDER:
        name = _encode(name[0]) + name[1:]
    return name[:-1] + _encode(name[-1]) if name.endswith((".", " ")) else name


def _encode(letter: str) -> str:
    return f"%{ord(letter):02X}"


def _unescape(folder: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), folder)
