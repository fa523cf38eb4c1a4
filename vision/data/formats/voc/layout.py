"""The folders of a VOC data set: VOCdevkit's, one of several years, or everything in one."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vision.data.formats.layout import ImageStems, get_stem, read_folder_split
from vision.data.formats.text_lines import iterate_text
from vision.data.limits import ImportLimits
from vision.data.report import Report
from vision.data.upload import ImageNotFoundError, Upload

_LISTS = {"train": "train", "val": "validation", "test": "test", "trainval": "train"}
_IMAGE_FOLDERS = ("JPEGImages", "images", "Images")


@dataclass(frozen=True, slots=True)
class Item:
    """One image to be: its annotation XML or the mask of its objects, or both ("" where there is none).

    `root` is the folder of the set, `id` the image's name in its lists.
    """

    root: str
    id: str
    xml: str = ""
    mask: str = ""

    @property
    def file(self) -> str:
        return self.xml or self.mask


def list_xml(upload: Upload) -> Iterator[str]:
    """The files that may be annotations."""
    return (file for file in upload.files if file.lower().endswith(".xml"))


def list_masks(upload: Upload) -> Iterator[str]:
    """The masks of objects."""
    return (file for file in upload.images if "SegmentationObject" in file.split("/")[:-1])


def list_items(upload: Upload) -> Iterator[Item]:
    """Every XML with its mask, then the masks that have no XML."""
    for xml in list_xml(upload):
        root, name = _part(xml, "Annotations")
        yield Item(root, name, xml, _find_mask(upload, posixpath.join(root, "SegmentationObject", name)))
    for mask in list_masks(upload):
        root, name = _part(mask, "SegmentationObject")
        if posixpath.join(root, "Annotations", f"{name}.xml") not in upload:
            yield Item(root, name, mask=mask)


def find_class_mask(upload: Upload, item: Item) -> str:
    """The mask of classes that belongs to a mask of objects, "" where there is none."""
    return _find_mask(upload, posixpath.join(item.root, "SegmentationClass", item.id))


class ImageFinder:
    """Which image an annotation means."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._stems = ImageStems(upload)

    def find(self, filename: str, item: Item) -> tuple[str, str]:
        """The image, and in a sentence what had to be assumed, "" where nothing.

        Raises:
            ImageNotFoundError: neither by `<filename>` nor by the annotation's own name.
        """
        try:
            if filename:
                return self._find_name(filename, item), ""
            why = "There is no <filename>"
        except ImageNotFoundError as error:
            why = f"<filename> is wrong: {error}".rstrip(".")
        image = self._find_stem(filename, item, why)
        return image, f"{why}; the image of the same name, {image}, was taken." if item.xml else ""

    def _find_name(self, filename: str, item: Item) -> str:
        here = posixpath.dirname(item.file)
        nested = posixpath.join(posixpath.dirname(item.id), filename)
        for name in dict.fromkeys((filename, nested)):
            for folder in (here, *_image_folders(item.root)):
                image = posixpath.normpath(posixpath.join(folder, name))
                if image in self._upload:
                    return image
        return self._upload.find(filename, here)

    def _find_stem(self, filename: str, item: Item, why: str) -> str:
        folders = [posixpath.dirname(item.file)] if item.xml else []
        folders += [
            posixpath.join(folder, posixpath.dirname(item.id)).rstrip("/") for folder in _image_folders(item.root)
        ]
        for stem in dict.fromkeys((get_stem(item.file), get_stem(filename.replace("\\", "/")))):
            try:
                return self._stems.find(stem, folders)
            except ImageNotFoundError:
                continue
        raise ImageNotFoundError(f"{why}, and no image of the upload has the name of this file.")


class Splits:
    """Which split each image is in: by the lists of ImageSets, else by the folders it lies in.

    Lists of `Segmentation` go before those of `Main` where masks are wanted. Names no file stands for are not kept.
    """

    def __init__(self, upload: Upload, wants_masks: bool, limits: ImportLimits, report: Report) -> None:
        self._split: dict[str, str] = {}
        order = ("Main", "Segmentation") if wants_masks else ("Segmentation", "Main")
        lists = [parts for file in upload.files if (parts := _read_list_name(file)) is not None]
        if not lists:
            return
        known = {posixpath.join(item.root, item.id) for item in list_items(upload)}
        # The later entry stays: of one kind of list trainval gives way to train and val
        for root, _kind, name, file in sorted(lists, key=lambda one: (order.index(one[1]), one[2] != "trainval")):
            for _number, line in iterate_text(upload, file, limits, report):
                words = (line.strip(), line.split()[0])
                key = next((key for word in words if (key := posixpath.join(root, word)) in known), None)
                if key is not None:
                    self._split[key] = _LISTS[name]

    def find(self, item: Item, image: str) -> str:
        key = posixpath.join(item.root, item.id)
        return self._split.get(key) or read_folder_split(item.file) or read_folder_split(image)


def _read_list_name(file: str) -> tuple[str, str, str, str] | None:
    """Root, kind, name and path of one of ImageSets' lists."""
    parts = file.split("/")
    if len(parts) < 3 or parts[-3] != "ImageSets" or parts[-2] not in ("Main", "Segmentation"):
        return None
    name, extension = posixpath.splitext(parts[-1])
    return ("/".join(parts[:-3]), parts[-2], name, file) if extension == ".txt" and name in _LISTS else None


def _part(file: str, folder: str) -> tuple[str, str]:
    """The root above a folder of that name, and the file below it without its extension."""
    stem = posixpath.splitext(file)[0]
    parts = stem.split("/")
    if folder not in parts[:-1]:
        return posixpath.dirname(stem), parts[-1]
    place = len(parts) - 1 - parts[::-1].index(folder)
    return "/".join(parts[:place]), "/".join(parts[place + 1 :])


def _image_folders(root: str) -> Sequence[str]:
    return [posixpath.join(root, folder) for folder in _IMAGE_FOLDERS]


def _find_mask(upload: Upload, stem: str) -> str:
    return next((mask for mask in (f"{stem}.png", f"{stem}.PNG") if mask in upload), "")
