"""Pictures whose pixels are the numbers of instances: opened without losing a number, taken apart into masks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from vision.data.images import MAX_PIXELS, probe_image
from vision.data.masks import InvalidMaskError, Mask
from vision.errors import InvalidImageError

MASK_FORMATS = ("png", "tiff", "bmp", "gif")
"""Those that keep every value; JPEG and WebP smear them."""
Place = tuple[slice, slice]
_VOID = 255  # in palette pictures (Pascal VOC) the border between instances
_ROWS = 256  # looked through at once: counting takes 8 bytes a pixel
_MANY = 1 << 24  # values of three bytes
_MAX_WORK = 20 * MAX_PIXELS  # pixels in the boxes of all instances together; honest masks have a hundredth


@dataclass(frozen=True)
class IdMask:
    """`ids` uint16 or int32 [height, width], 0 where no instance is."""

    ids: NDArray[np.integer]

    @property
    def width(self) -> int:
        return int(self.ids.shape[1])

    @property
    def height(self) -> int:
        return int(self.ids.shape[0])


@dataclass(frozen=True)
class InstanceMask:
    """One instance: its number and its mask, cut out at (`left`, `top`)."""

    id: int
    mask: Mask
    left: int
    top: int


def read_id_mask(path: Path, is_panoptic: bool = False) -> IdMask:
    """A picture of instance numbers: grey of 1, 8 or 16 bits, palette, or colours as R + 256 G + 65536 B.

    The value 255 of a palette picture that has others is a border and becomes 0. Grey saved as RGB is grey, unless
    `is_panoptic`: then the colours are numbers in any case.

    Raises:
        InvalidMaskError: no picture, a format that smears values, too many pixels, damaged.
    """
    try:
        facts = probe_image(path)
    except (InvalidImageError, OSError) as error:
        raise InvalidMaskError(str(error)) from None
    if facts.format not in MASK_FORMATS:
        raise InvalidMaskError(f"A mask in {facts.format} has lost its values; save masks as PNG.")
    try:
        with Image.open(path, formats=[name.upper() for name in MASK_FORMATS]) as image:
            return IdMask(_read_ids(image, is_panoptic))
    except InvalidMaskError:
        raise
    except Exception as error:  # noqa: BLE001  Pillow's decoders raise whatever their format makes them raise
        raise InvalidMaskError(f"The mask is damaged: {error}.") from None


def _read_ids(image: Image.Image, is_panoptic: bool) -> NDArray[np.integer]:
    if image.mode in ("RGB", "RGBA") or is_panoptic:
        pixels = np.asarray(image if image.mode in ("RGB", "RGBA") else image.convert("RGB"))[..., :3]
        is_grey = not is_panoptic and not np.ptp(pixels, axis=2).any()
        return pixels[..., 0].astype(np.uint16) if is_grey else _join_colours(pixels)
    if image.mode == "LA":
        return np.asarray(image)[..., 0].astype(np.uint16)
    if image.mode not in ("1", "L", "P", "I", "I;16", "I;16B"):
        raise InvalidMaskError(f"A mask is grey, palette or RGB, not {image.mode}.")
    ids = np.asarray(image)
    if ids.min(initial=0) < 0 or ids.max(initial=0) >= _MANY:
        raise InvalidMaskError("The mask holds values below 0 or over 16 million.")
    ids = ids.astype(np.int32 if image.mode == "I" else np.uint16)
    if image.mode == "P" and (ids == _VOID).any() and ((ids > 0) & (ids < _VOID)).any():
        ids = np.where(ids == _VOID, 0, ids).astype(np.uint16)
    return ids


def _join_colours(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    ids = np.zeros(pixels.shape[:2], np.int32)
    for channel in range(3):
        ids |= pixels[..., channel].astype(np.int32) << (8 * channel)
    return ids


def list_ids(mask: IdMask) -> list[int]:
    """The instance numbers of a mask, ascending, without 0."""
    seen = np.zeros(int(mask.ids.max(initial=0)) + 1, np.bool_)
    for row in range(0, mask.height, _ROWS):
        seen[mask.ids[row : row + _ROWS].ravel()] = True
    return [int(number) for number in np.flatnonzero(seen) if number]


def measure_scatter(mask: IdMask) -> float:
    """The boxes around all values together, in areas of the picture: about 1 for instances, hundreds for photos."""
    ids = list_ids(mask)
    return sum(_count_pixels(place) for _, place in _find_places(mask, ids)[1]) / max(1, mask.ids.size)


def split_instances(mask: IdMask, ids: list[int]) -> Iterator[InstanceMask]:
    """The masks of the instances `ids`, each cut out; of those that the mask holds.

    Raises:
        InvalidMaskError: so many that lie so scattered that they are no instances.
    """
    ids = [number for number in ids if 0 < number <= int(mask.ids.max(initial=0))]
    ranks, found = _find_places(mask, ids)
    if sum(_count_pixels(place) for _, place in found) > _MAX_WORK:
        raise InvalidMaskError(f"The {len(found):,} values of the mask lie all over it: these are no instances.")
    for rank, place in found:
        rows, columns = place
        yield InstanceMask(ids[rank - 1], (ranks[place] == rank).astype(np.uint8), columns.start, rows.start)


def _find_places(mask: IdMask, ids: list[int]) -> tuple[NDArray[np.int32], list[tuple[int, Place]]]:
    """The mask with the places of its values in `ids`, from 1, and where each lies."""
    ranks = np.zeros(int(mask.ids.max(initial=0)) + 1, np.int32)
    ranks[ids] = np.arange(1, len(ids) + 1)
    places: NDArray[np.int32] = ranks[mask.ids]
    found = enumerate(ndimage.find_objects(places) if ids else [], start=1)
    return places, [(rank, place) for rank, place in found if place is not None]


def _count_pixels(place: Place) -> int:
    rows, columns = place
    return int((rows.stop - rows.start) * (columns.stop - columns.start))


def write_id_mask(ids: NDArray[np.uint16], path: Path) -> None:
    """A 16-bit grey PNG."""
    if ids.size > MAX_PIXELS:
        raise InvalidMaskError(f"{ids.shape[1]:,} × {ids.shape[0]:,} px; {MAX_PIXELS:,} pixels are allowed.")
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(ids).save(path, "PNG")
