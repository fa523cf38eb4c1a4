"""Which files of an upload are COCO's, and where their images lie."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from vision.data.formats.json_lists import InvalidJsonError, decode_any, iterate_items
from vision.data.limits import DEFAULT_LIMITS
from vision.data.split_names import guess_split
from vision.data.upload import Upload

_LOOKED_AT = 50  # annotations read to see what they hold
_MOST_BYTES = 64 << 20  # of a file looked at: a list of images may come before the first annotation
_OTHER_TASKS = re.compile(r"(person_keypoints|captions|panoptic|stuff|image_info)_", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Peek:
    """The beginning of a file: its top-level lists, its first image and its first annotations."""

    lists: set[str] = field(default_factory=set)
    images: list[dict[str, Any]] = field(default_factory=list)
    annotations: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_coco(self) -> bool:
        """Images with ids, and annotations that refer to them by category; captions are another matter."""
        if not self.lists & {"images", "annotations"} or any("id" not in image for image in self.images):
            return False
        if self.annotations:
            first = self.annotations[0]
            return "image_id" in first and ("segments_info" in first or "category_id" in first)
        return "annotations" in self.lists or any("file_name" in image for image in self.images)


def list_json(upload: Upload) -> list[str]:
    """The files that may be COCO's, the largest first: an upload may hold one small file an image besides."""
    files = [file for file in upload.files if file.lower().endswith(".json")]
    return sorted(files, key=lambda file: -upload.path(file).stat().st_size)


def peek_file(upload: Upload, file: str) -> Peek:
    """What a file begins with; nothing where it is no JSON."""
    peek = Peek()
    try:
        for item in iterate_items(upload.path(file), DEFAULT_LIMITS.max_line_bytes, _MOST_BYTES):
            peek.lists.add(item.key)
            if item.data and item.key == "images" and not peek.images:
                peek.images.append(decode_any(item.data))
            elif item.data and item.key == "annotations":
                peek.annotations.append(decode_any(item.data))
            if len(peek.annotations) >= _LOOKED_AT:
                break
    except (InvalidJsonError, OSError):
        pass
    return peek


def choose_files(upload: Upload) -> tuple[list[str], list[str]]:
    """The COCO files to read, in order, and those not to read.

    Where a folder has COCO's `instances_…`, its captions, keypoints and stuff are about the same images.
    """
    files = sorted(file for file in list_json(upload) if peek_file(upload, file).is_coco)
    folders = {posixpath.dirname(file) for file in files if posixpath.basename(file).startswith("instances_")}
    others = {
        file for file in files if posixpath.dirname(file) in folders and _OTHER_TASKS.match(posixpath.basename(file))
    }
    return [file for file in files if file not in others], sorted(others)


class ImageFolders:
    """The folders of an upload that hold images, and every folder above them."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    def list_for(self, file: str) -> list[str]:
        """Those an annotation file speaks of by its name: `instances_val2017.json` of `images/val2017`."""
        words = set(re.split(r"[._-]", posixpath.basename(file)))
        split = guess_split(file)
        return [folder for folder in self._all if _fits(posixpath.basename(folder), words, split)]

    @cached_property
    def _all(self) -> list[str]:
        return sorted({folder for image in self._upload.images for folder in _list_parents(image)})


class ImageFinder:
    """Finds the images one annotation file names."""

    def __init__(self, upload: Upload, folders: ImageFolders, file: str) -> None:
        self._upload = upload
        self._base = posixpath.dirname(file)
        self._folders = folders.list_for(file)

    def find(self, name: str) -> str:
        """The image: beside the annotation file, in a folder of the same split, or wherever it is the only one.

        Raises:
            ImageNotFoundError: no file, or several that fit equally well.
        """
        for folder in (self._base, *self._folders):
            image = posixpath.normpath(posixpath.join(folder, name.replace("\\", "/")))
            if image in self._upload:
                return image
        return self._upload.find(name, self._base)


def find_mask(upload: Upload, name: str, file: str) -> str:
    """The PNG a panoptic annotation names: in the folder called like the annotation file, or beside it.

    Raises:
        ImageNotFoundError: no file, or several that fit equally well.
    """
    folder = posixpath.splitext(file)[0]
    image = posixpath.normpath(posixpath.join(folder, name))
    return image if image in upload else upload.find(name, posixpath.dirname(file))


def _fits(folder: str, words: set[str], split: str) -> bool:
    return folder in words or (split != "" and guess_split(folder) == split)


def _list_parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path
