"""What a network that finds objects is given of an image, and in which batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vision.inference.fitting import Fitting, Placement
from vision.inference.tiling import Tiling

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class View:
    """`pixels` uint8 [h, w, 3] as the network takes them, and where the whole image lies in them."""

    pixels: np.ndarray
    placement: Placement


@dataclass(frozen=True)
class Group:
    """Views of one shape, `height` × `width` px with what is filled up: `places` says which."""

    places: list[int]
    height: int
    width: int


def make_views(pixels: np.ndarray, fitting: Fitting, tiling: Tiling | None) -> list[View]:
    """The image uint8 [H, W, 3] as a whole, then each of its tiles."""
    views = [View(*fitting.fit(pixels))]
    if tiling is not None:
        height, width = pixels.shape[:2]
        for left, top, right, bottom in tiling.cut(width, height):
            fitted, placement = fitting.fit(pixels[top:bottom, left:right])
            views.append(View(fitted, placement.shift(left, top)))
    return views


def fill_colour(fitting: Fitting, mean: Sequence[float]) -> Colour:
    """What views are filled up with, beyond their right and lower edges: what the fitting itself fills with, else the
    mean colour, which normalisation makes zero."""
    if fitting.fill is not None:
        return (fitting.fill,) * 3
    red, green, blue = (round(255 * value) for value in mean)
    return red, green, blue


def stack_views(pixels: Sequence[np.ndarray], stride: int, fill: Colour) -> tuple[Tensor, Tensor]:
    """Images uint8 [h, w, 3] of any sizes as one uint8 [B, H, W, 3], filled up to the largest and to multiples of
    `stride`; and their own heights and widths, int64 [B, 2]."""
    sizes = torch.tensor([view.shape[:2] for view in pixels])
    height, width = (_round_up(int(side), stride) for side in sizes.amax(dim=0))
    images = np.empty((len(pixels), height, width, 3), dtype=np.uint8)
    for image, view in zip(images, pixels, strict=True):
        high, wide = view.shape[:2]
        image[:high, :wide] = view
        image[high:] = fill
        image[:high, wide:] = fill
    return torch.from_numpy(images), sizes


def group_views(sizes: Tensor, stride: int, most: int) -> list[Group]:
    """Views that may go through the network together, at most `most` at a time.

    Only those of one shape do: convolutions look over the edge, so more filling would change what is found, and an
    image's result must not depend on which others it is looked at with. `sizes` int64 [B, 2], height and width.
    """
    shapes: dict[tuple[int, int], list[int]] = {}
    for place, (height, width) in enumerate(sizes.tolist()):
        shapes.setdefault((_round_up(height, stride), _round_up(width, stride)), []).append(place)
    return [
        Group(places[start : start + most], height, width)
        for (height, width), places in shapes.items()
        for start in range(0, len(places), most)
    ]


def _round_up(side: int, stride: int) -> int:
    return -(-side // stride) * stride
