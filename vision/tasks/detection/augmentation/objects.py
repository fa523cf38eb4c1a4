"""What happens to the objects of an image when the image is cut, moved or turned.

One rule for all views: an object of which less than `LEAST_PART` is left in the picture (of its box's area, or of its
mask's pixels), or whose box is left with a side under `LEAST_SIDE`, is no object of the view. With masks the box of the
view is that of what is left of the mask.
"""

from __future__ import annotations

import numpy as np

from vision.tasks.detection.images import ObjectImage

LEAST_PART = 0.2
LEAST_SIDE = 2.0  # px


def keep_visible(image: ObjectImage, full_areas: np.ndarray) -> ObjectImage:
    """The view `image` with its boxes cut off at its edges and without objects too little is left of.

    `full_areas` float [n] is the area, in px of the view, that each object would cover were nothing cut off.
    """
    if image.masks is None:
        boxes = clip_boxes(image.boxes, *image.pixels.shape[:2])
        areas = box_areas(boxes)
    else:
        boxes = surround_masks(image.masks)
        areas = image.masks.sum(axis=(1, 2), dtype=np.int64)
    sides = boxes[:, 2:] - boxes[:, :2]
    kept = (sides >= LEAST_SIDE).all(axis=1) & (areas >= LEAST_PART * full_areas)
    masks = None if image.masks is None else image.masks[kept]
    return ObjectImage(image.pixels, boxes[kept], image.labels[kept], masks)


def measure(image: ObjectImage) -> np.ndarray:
    """The area of each object, float [n] in px: of its mask, or of its box."""
    if image.masks is None:
        return box_areas(image.boxes)
    return np.asarray(image.masks.sum(axis=(1, 2), dtype=np.int64), dtype=np.float64)


def mirror(image: ObjectImage) -> ObjectImage:
    """The image with left and right exchanged."""
    width = image.pixels.shape[1]
    boxes = image.boxes.copy()
    boxes[:, [0, 2]] = width - image.boxes[:, [2, 0]]
    masks = None if image.masks is None else np.ascontiguousarray(image.masks[:, :, ::-1])
    return ObjectImage(np.ascontiguousarray(image.pixels[:, ::-1]), boxes, image.labels, masks)


def clip_boxes(boxes: np.ndarray, height: int, width: int) -> np.ndarray:
    """Boxes float32 [n, 4] cut off at the edges of an image."""
    return np.asarray(np.clip(boxes, 0, np.array([width, height] * 2)), dtype=np.float32)


def box_areas(boxes: np.ndarray) -> np.ndarray:
    """Float64 [n], px²."""
    sides = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).astype(np.float64)
    return np.asarray(sides.prod(axis=1))


def surround_masks(masks: np.ndarray) -> np.ndarray:
    """The boxes float32 [n, 4] around the pixels of masks [n, H, W]; all 0 around an empty one."""
    boxes = np.zeros((len(masks), 4), dtype=np.float32)
    for box, mask in zip(boxes, masks, strict=True):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if len(rows):
            box[:] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return boxes
