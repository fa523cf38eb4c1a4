"""Which images a YOLO data set holds, in which split, and where the labels of each are."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from vision.data.formats.layout import ImageStems, get_stem, read_folder_split
from vision.data.formats.placing import UNLABELLED_FOLDER
from vision.data.formats.text_lines import iterate_text
from vision.data.formats.yolo.config import Entry, YoloConfig, is_name_list
from vision.data.limits import ImportLimits
from vision.data.report import Report
from vision.data.upload import IMAGE_NAMES, ImageNotFoundError, Upload, is_image_name, split_address

_EXTENSIONS = [*IMAGE_NAMES, *(extension.upper() for extension in IMAGE_NAMES)]


@dataclass(frozen=True, slots=True)
class Item:
    """One image with its label file, "" where it has none."""

    image: str
    label: str
    split: str


class Layout:
    """The label files of an upload.

    An image `…/images/…/a.jpg` has its labels in `…/labels/…/a.txt` (the last `images` counts), else beside it, else
    in the one file of that name in a folder `labels` to which no other image belongs.
    """

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._stems = ImageStems(upload)

    def find_label(self, image: str) -> str:
        """The label file of an image, "" where it has none."""
        found = next((label for label in list_label_paths(image) if label in self._upload), "")
        return found or self.strays.get(image, "")

    @cached_property
    def strays(self) -> dict[str, str]:
        """Images whose labels lie elsewhere than they should."""
        found: dict[str, str] = {}
        for label in iterate_label_files(self._upload):
            if self._has_image(label):
                continue
            images = [image for image in self._stems.list_images(get_stem(label)) if not self._has_own(image)]
            if len(images) == 1:
                found.setdefault(images[0], label)
        return found

    def list_orphans(self) -> Iterator[str]:
        """Label files that belong to no image."""
        taken = set(self.strays.values())
        return (file for file in iterate_label_files(self._upload) if file not in taken and not self._has_image(file))

    def list_labelled_folders(self) -> Iterator[Item]:
        """Without data.yaml: the images of every folder in which one has labels."""
        folders = {posixpath.dirname(label) for image in self._upload.images if (label := self.find_label(image))}
        for image in self._upload.images:
            near = {posixpath.dirname(label) for label in list_label_paths(image)}
            label = self.find_label(image)
            if (label or near & folders) and not is_unlabelled(image):
                yield Item(image, label, read_folder_split(label) or read_folder_split(image))

    def _has_own(self, image: str) -> bool:
        return any(label in self._upload for label in list_label_paths(image))

    def _has_image(self, label: str) -> bool:
        stem = posixpath.splitext(label)[0]
        beside = (stem + extension for extension in _EXTENSIONS)
        of_rule = (_swap(stem, "labels", "images") + extension for extension in _EXTENSIONS)
        if any(image in self._upload for names in (of_rule, beside) for image in names):
            return True
        return any(label in list_label_paths(image) for image in self._stems.list_images(get_stem(label)))


class Listing:
    """The images data.yaml lists.

    Once they were iterated, `is_complete` says whether all it names was there, and `folders` which folders it named,
    each with a slash at its end.
    """

    def __init__(
        self, upload: Upload, config: YoloConfig, layout: Layout, limits: ImportLimits, report: Report
    ) -> None:
        self._upload = upload
        self._config = config
        self._layout = layout
        self._limits = limits
        self._report = report
        self.is_complete = bool(config.entries)
        self.folders: list[str] = []

    def __iter__(self) -> Iterator[Item]:
        for entry in self._config.entries:
            place = self._find(entry)
            if place is None:
                self.is_complete = False
                message = f"`{entry.key}` names {entry.value!r}, which is not in the upload."
                self._report.warning("missing_file", message, file=self._config.file, line=entry.line)
            elif place in self._upload:
                yield from self._read_list(place, entry.split)
            else:
                yield from self._list_folder(place, entry.split)

    def _find(self, entry: Entry) -> str | None:
        """The file or folder an entry means: from `path`, from data.yaml's folder, or by the end of its path."""
        exact = posixpath.normpath(posixpath.join(self._config.folder, self._config.root, entry.value))
        if self._is_there(exact):
            return "" if exact == "." else exact
        for path in (posixpath.join(self._config.root, entry.value), entry.value):
            parts = [part for part in split_address(path)[1].split("/") if part not in ("", ".", "..")]
            for start in range(len(parts)):
                for folder in _walk_up(self._config.folder):
                    candidate = posixpath.join(folder, *parts[start:])
                    if self._is_there(candidate):
                        return candidate
        return None

    def _is_there(self, place: str) -> bool:
        return place in self._folders or (place.endswith(".txt") and place in self._upload)

    def _list_folder(self, folder: str, split: str) -> Iterator[Item]:
        prefix = f"{folder}/" if folder else ""
        self.folders.append(prefix)
        for image in self._upload.images:
            if image.startswith(prefix) and not is_unlabelled(image):
                yield Item(image, self._layout.find_label(image), split)

    def _read_list(self, file: str, split: str) -> Iterator[Item]:
        for number, line in iterate_text(self._upload, file, self._limits, self._report):
            try:
                image = self._upload.find(line.strip(), posixpath.dirname(file))
            except ImageNotFoundError as error:
                self._report.error("missing_image", str(error), file=file, line=number, image=line.strip()[:300])
                continue
            if is_image_name(image):
                yield Item(image, self._layout.find_label(image), split)
            else:
                message = f"{image} is not called like an image."
                self._report.error("missing_image", message, file=file, line=number, image=image)

    @cached_property
    def _folders(self) -> set[str]:
        folders = {"."}
        for file in self._upload.files:
            folder = posixpath.dirname(file)
            while folder and folder not in folders:
                folders.add(folder)
                folder = posixpath.dirname(folder)
        return folders


def list_label_paths(image: str) -> list[str]:
    """Where the labels of an image may be, as Ultralytics looks for them, then beside it."""
    stem = posixpath.splitext(image)[0]
    return list(dict.fromkeys((_swap(stem, "images", "labels") + ".txt", stem + ".txt")))


def iterate_label_files(upload: Upload) -> Iterator[str]:
    """The text files of all folders called `labels`."""
    for file in upload.files:
        if file.endswith(".txt") and "labels" in file.split("/")[:-1] and not is_name_list(file):
            yield file


def is_unlabelled(image: str) -> bool:
    """Whether an image lies where the writer puts those nobody labelled."""
    return UNLABELLED_FOLDER in image.split("/")[:-1]


def _swap(path: str, folder: str, other: str) -> str:
    """The path with the last folder of that name called otherwise."""
    parts = path.split("/")
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] == folder:
            return "/".join([*parts[:place], other, *parts[place + 1 :]])
    return path


def _walk_up(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""
