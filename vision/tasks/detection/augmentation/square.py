"""Views for YOLO: four images as one, an affine change, a mirror, other colours; always a square.

Source: SPEC §4.7; ultralytics' Mosaic, RandomPerspective and RandomHSV, whose arithmetic this is (they draw from the
global generators of Python and numpy, so they cannot be told what to draw).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

import cv2
import numpy as np

from vision.inference.fitting import LETTERBOX_FILL, Letterbox, ShorterSide
from vision.tasks.detection.augmentation.colours import vary_hsv
from vision.tasks.detection.augmentation.objects import clip_boxes, keep_visible, measure, mirror
from vision.tasks.detection.augmentation.presets import ObjectAugmentation
from vision.tasks.detection.images import LoadObjects, ObjectImage


@dataclass(frozen=True)
class SquareView:
    """A square of `size` px. After epoch `last_mosaic` it shows one image: training ends on pictures as they are."""

    augmentation: ObjectAugmentation
    size: int
    last_mosaic: int

    @property
    def fitting(self) -> ShorterSide:
        """The longer side at `size` px: of a mosaic as of an image alone."""
        return longer_side(self.size)

    def draw(self, index: int, load: LoadObjects, count: int, random: Random, epoch: int = 1) -> ObjectImage:
        augmentation = self.augmentation
        is_mosaic = random.random() < augmentation.mosaic and epoch <= self.last_mosaic
        if is_mosaic:
            others = [load(random.randrange(count)) for _ in range(3)]
            canvas, areas = join_four([load(index), *others], self.size, random)
        else:
            canvas = place_in_square(load(index), self.size)
            areas = measure(canvas)
        if is_mosaic or augmentation.scale:
            canvas = warp(
                canvas, areas, draw_affine(canvas.pixels.shape[0], self.size, augmentation, random), self.size
            )
        if random.random() < augmentation.flip:
            canvas = mirror(canvas)
        return ObjectImage(vary_hsv(canvas.pixels, augmentation.hsv, random), canvas.boxes, canvas.labels, canvas.masks)


def longer_side(size: int) -> ShorterSide:
    """Fits the longer side to `size` px."""
    return ShorterSide(size, size)


def place_in_square(image: ObjectImage, size: int) -> ObjectImage:
    """The whole image in a square, as inference places it."""
    pixels, placement = Letterbox(size).fit(image.pixels)
    masks = None
    if image.masks is not None:
        masks = np.zeros((len(image.masks), size, size), dtype=np.uint8)
        left, top = int(placement.left), int(placement.top)
        for target, mask in zip(masks, image.masks, strict=True):
            target[top : top + placement.height, left : left + placement.width] = _scale_mask(
                mask, placement.width, placement.height
            )
    return ObjectImage(pixels, placement.to_input(image.boxes).astype(np.float32), image.labels, masks)


def join_four(images: list[ObjectImage], size: int, random: Random) -> tuple[ObjectImage, np.ndarray]:
    """Four images around a random point of a canvas of 2 `size`, each with its longer side at `size` and cut off at the
    canvas; and the area each object has uncut."""
    side = 2 * size
    canvas = np.full((side, side, 3), LETTERBOX_FILL, dtype=np.uint8)
    middle_x, middle_y = (random.randint(size // 2, side - size // 2) for _ in range(2))
    boxes, masks, areas = [], [], []
    for place, image in enumerate(images):
        pixels, placement = longer_side(size).fit(image.pixels)
        height, width = pixels.shape[:2]
        left = middle_x - width if place % 2 == 0 else middle_x
        top = middle_y - height if place < 2 else middle_y
        x1, y1, x2, y2 = max(left, 0), max(top, 0), min(left + width, side), min(top + height, side)
        part = (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
        canvas[y1:y2, x1:x2] = pixels[part]
        boxes.append(placement.to_input(image.boxes) + np.array([left, top] * 2, dtype=np.float32))
        areas.append(measure(image) * placement.scale_x * placement.scale_y)
        if image.masks is not None:
            drawn = np.zeros((len(image.masks), side, side), dtype=np.uint8)
            for target, mask in zip(drawn, image.masks, strict=True):
                target[y1:y2, x1:x2] = _scale_mask(mask, width, height)[part]
            masks.append(drawn)
    whole = ObjectImage(
        canvas,
        clip_boxes(np.concatenate(boxes), side, side),
        np.concatenate([image.labels for image in images]),
        np.concatenate(masks) if masks else None,
    )
    return whole, np.concatenate(areas)


def draw_affine(side: int, size: int, augmentation: ObjectAugmentation, random: Random) -> np.ndarray:
    """From a canvas of `side` px, changed about its middle, into a square of `size` px: float [3, 3]."""
    angle = math.radians(random.uniform(-augmentation.degrees, augmentation.degrees))
    scale = random.uniform(1 - augmentation.scale, 1 + augmentation.scale)
    across, down = (math.tan(math.radians(random.uniform(-augmentation.shear, augmentation.shear))) for _ in range(2))
    right, below = ((0.5 + random.uniform(-augmentation.translate, augmentation.translate)) * size for _ in range(2))
    centre = np.array([[1, 0, -side / 2], [0, 1, -side / 2], [0, 0, 1]])
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    turn = np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
    shear = np.array([[1, across, 0], [down, 1, 0], [0, 0, 1]])
    move = np.array([[1, 0, right], [0, 1, below], [0, 0, 1]])
    return np.asarray(move @ shear @ turn @ centre)


def warp(image: ObjectImage, areas: np.ndarray, matrix: np.ndarray, size: int) -> ObjectImage:
    """The image through an affine `matrix` into a square of `size` px; `areas` are those of its objects, uncut."""
    # The matrix maps corners of pixels; OpenCV's maps their centres.
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    centred = (np.linalg.inv(half) @ matrix @ half)[:2]
    fill = (LETTERBOX_FILL,) * 3
    pixels = cv2.warpAffine(image.pixels, centred, (size, size), flags=cv2.INTER_LINEAR, borderValue=fill)
    masks = None
    if image.masks is not None:
        warped = [cv2.warpAffine(mask, centred, (size, size), flags=cv2.INTER_NEAREST) for mask in image.masks]
        masks = np.array(warped, dtype=np.uint8).reshape(len(image.masks), size, size)
    view = ObjectImage(np.asarray(pixels, dtype=np.uint8), warp_boxes(image.boxes, matrix), image.labels, masks)
    return keep_visible(view, areas * abs(np.linalg.det(matrix[:2, :2])))


def warp_boxes(boxes: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The boxes float32 [n, 4] around where the corners of boxes go."""
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2) @ matrix[:2, :2].T + matrix[:2, 2]  # [n, 4, 2]
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1).astype(np.float32)


def _scale_mask(mask: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.asarray(cv2.resize(mask * 255, (width, height), interpolation=cv2.INTER_LINEAR) > 127, dtype=np.uint8)
