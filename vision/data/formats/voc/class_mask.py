"""SegmentationClass: which class the pixels of an object have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from vision.data.formats.voc.labelmap import Colour, LabelMap
from vision.data.id_masks import MASK_FORMATS, IdMask, InstanceMask, read_id_mask

VOID: Colour = (224, 224, 192)
"""VOC's colour of borders and of what nobody decided on."""


@dataclass(frozen=True)
class ClassMask:
    """A mask of classes. `palette` has three numbers an index; it is empty where the mask holds colours or greys."""

    mask: IdMask
    palette: list[int]
    is_colour: bool

    def find_class(self, part: InstanceMask, labelmap: LabelMap) -> str:
        """The class of most pixels of a part that have one, "" where none has, or none the map names."""
        height, width = part.mask.shape
        under = self.mask.ids[part.top : part.top + height, part.left : part.left + width][part.mask > 0]
        ids, counts = np.unique(under[under > 0], return_counts=True)
        for index in np.argsort(-counts, kind="stable"):
            number = int(ids[index])
            colour = self._find_colour(number)
            if colour != VOID:
                return labelmap.find(-1 if self.is_colour else number, colour)
        return ""

    def _find_colour(self, number: int) -> Colour:
        if self.is_colour:
            return unpack_colour(number)
        if not self.palette:
            return (number, number, number)
        red, green, blue = (*self.palette[3 * number : 3 * number + 3], 0, 0, 0)[:3]
        return red, green, blue


def read_class_mask(path: Path) -> ClassMask:
    """The mask and what its numbers look like.

    Raises:
        InvalidMaskError: no mask.
    """
    mask = read_id_mask(path)
    with Image.open(path, formats=[name.upper() for name in MASK_FORMATS]) as image:
        palette = (image.getpalette("RGB") or []) if image.mode == "P" else []
        return ClassMask(mask, palette, image.mode in ("RGB", "RGBA"))


def unpack_colour(number: int) -> Colour:
    """The colour a number of `IdMask.ids` stands for, where it was read from colours."""
    return number & 255, number >> 8 & 255, number >> 16 & 255


def pack_colour(colour: Colour) -> int:
    """The number of a colour in `IdMask.ids`."""
    red, green, blue = colour
    return red | green << 8 | blue << 16
