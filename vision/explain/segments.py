"""Cutting an image into regions, at several scales at once.

Source: Felzenszwalb and Huttenlocher, Efficient Graph-Based Image Segmentation, IJCV 2004; the settings are those of
the XRAI paper's own implementation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage
from skimage import morphology, transform
from skimage.segmentation import felzenszwalb

resize: Any = transform.resize  # untyped
disk: Any = morphology.disk

_SCALES = (50, 100, 150, 250, 500, 1200)
_SIGMA = 0.8
_SMALLEST = 150  # px of the working image
_SIDE = 224  # the scales mean what they should at this size alone
_GROWTH = 5  # px by which a region is grown, to take in its own edge

Masks = np.ndarray  # bool [N, H, W]


def find_segments(image: np.ndarray) -> Masks:
    """Overlapping regions of an image float [H, W, 3] of any range: bool [N, H, W], finer ones first."""
    height, width = image.shape[:2]
    working = _to_range(image)
    if (height, width) != (_SIDE, _SIDE):
        working = resize(working, (_SIDE, _SIDE), order=3, mode="constant", preserve_range=True, anti_aliasing=True)
    masks: list[np.ndarray] = []
    for scale in _SCALES:
        labels = felzenszwalb(working, scale=scale, sigma=_SIGMA, min_size=_SMALLEST)
        if (height, width) != (_SIDE, _SIDE):
            labels = resize(
                labels, (height, width), order=0, mode="constant", preserve_range=True, anti_aliasing=False
            ).astype(int)
        masks += _grow_each(labels)
    return np.stack(masks)


def _to_range(image: np.ndarray) -> np.ndarray:
    low, high = image.min(), image.max()
    return (image - low) / (high - low) * 2 - 1 if high > low else np.zeros_like(image)


def _grow_each(labels: np.ndarray) -> list[np.ndarray]:
    """Each region grown by a disk, worked out within its own surroundings only."""
    footprint = disk(_GROWTH)
    masks = []
    for label, box in enumerate(ndimage.find_objects(labels + 1)):
        if box is None:  # a region too thin to survive the resizing
            continue
        window = tuple(
            slice(max(0, side.start - _GROWTH), min(limit, side.stop + _GROWTH))
            for side, limit in zip(box, labels.shape, strict=True)
        )
        mask = np.zeros(labels.shape, dtype=bool)
        mask[window] = ndimage.binary_dilation(labels[window] == label, footprint)
        masks.append(mask)
    return masks
