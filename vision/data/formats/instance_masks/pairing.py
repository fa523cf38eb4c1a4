"""Which mask belongs to which photo: by their names, and by the folders they lie in."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from vision.data.formats.layout import get_stem
from vision.data.upload import ImageNotFoundError, Upload

_MASK_FOLDER = re.compile("mask|annotation|label|segment|instance", re.IGNORECASE)
_MASK_SUFFIX = re.compile(r"[_-](masks?|instances?|instance_?ids?)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MaskFile:
    """A mask: `before` and `after` are the folders around the one called after masks, from where the upload begins."""

    file: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class Pairing:
    """The masks and photos of an upload.

    A mask lies in a folder called after masks, annotations, labels or segments, or beside its photo with a name that
    ends so. What all images lie in says nothing.
    """

    def __init__(self, upload: Upload) -> None:
        self._prefix = _find_prefix(upload.images)
        self._images = upload.images

    @cached_property
    def masks(self) -> list[MaskFile]:
        return [mask for mask in map(self._read_mask, self._images) if mask is not None]

    def find_image(self, mask: MaskFile) -> str:
        """The photo of a mask: of the same stem, where several have it the one in the most alike folders.

        Raises:
            ImageNotFoundError: none, or several that fit equally well.
        """
        stem = get_stem(mask.file)
        found = self._photos.get(stem) or self._photos.get(_MASK_SUFFIX.sub("", stem)) or []
        if not found:
            raise ImageNotFoundError("No image of the upload has the name of this mask.")
        folders = {*mask.before, *mask.after}
        alike = [len(folders & set(posixpath.dirname(image).split("/"))) for image in found]
        best = [image for image, count in zip(found, alike, strict=True) if count == max(alike)]
        if len(best) > 1:
            raise ImageNotFoundError(f"The mask fits {len(best)} images of the upload: {best[0]}, {best[1]}.")
        return best[0]

    def list_pairs(self) -> Iterator[tuple[MaskFile, str | ImageNotFoundError]]:
        """Every mask with its photo, or why it has none."""
        for mask in self.masks:
            try:
                yield mask, self.find_image(mask)
            except ImageNotFoundError as error:
                yield mask, error

    @cached_property
    def _photos(self) -> dict[str, list[str]]:
        masks = {mask.file for mask in self.masks}
        photos: dict[str, list[str]] = defaultdict(list)
        for image in self._images:
            if image not in masks:
                photos[get_stem(image)].append(image)
        return photos

    def _read_mask(self, file: str) -> MaskFile | None:
        folders = posixpath.dirname(file[len(self._prefix) :]).split("/")
        places = [place for place, folder in enumerate(folders) if _MASK_FOLDER.search(folder)]
        if places:
            return MaskFile(file, tuple(folders[: places[0]]), tuple(folders[places[-1] + 1 :]))
        return MaskFile(file, tuple(folders)) if _MASK_SUFFIX.search(get_stem(file)) else None


def _find_prefix(images: list[str]) -> str:
    """The folders that all images lie in, with the slash at their end."""
    prefix = posixpath.commonprefix([min(images), max(images)]) if images else ""
    return prefix[: prefix.rfind("/") + 1]
