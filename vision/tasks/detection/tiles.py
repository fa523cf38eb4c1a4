"""A training image's tiles, with the objects that show in them."""

from __future__ import annotations

import numpy as np

from vision.inference.tiling import Tile
from vision.tasks.detection.images import ObjectImage

LEAST_SHOWN = 0.25
"""The share of an object's box that must show in a tile for it to be looked for there."""


def cut_tile(image: ObjectImage, tile: Tile) -> ObjectImage:
    """The part of an image within the tile, in its px; boxes are cut off at its edges."""
    left, top, right, bottom = tile
    shift, limits = np.array([left, top] * 2), np.array([right - left, bottom - top] * 2)
    boxes = np.clip(image.boxes - shift, 0, limits).astype(np.float32)
    kept = np.flatnonzero(_areas(boxes) >= LEAST_SHOWN * np.maximum(_areas(image.boxes), 1e-9))
    masks = None if image.masks is None else image.masks[kept, top:bottom, left:right]
    return ObjectImage(image.pixels[top:bottom, left:right], boxes[kept], image.labels[kept], masks)


def _areas(boxes: np.ndarray) -> np.ndarray:
    sides: np.ndarray = boxes[:, 2:] - boxes[:, :2]
    areas: np.ndarray = sides.prod(axis=1)
    return areas
