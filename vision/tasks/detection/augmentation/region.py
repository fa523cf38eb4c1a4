"""Views for networks that look at regions: a part around boxes, a larger canvas, a mirror, other colours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import torch
from torchvision.transforms.v2 import RandomIoUCrop
from torchvision.tv_tensors import BoundingBoxes, BoundingBoxFormat

from vision.tasks.detection.augmentation.colours import jitter_colours
from vision.tasks.detection.augmentation.objects import keep_visible, measure, mirror
from vision.tasks.detection.augmentation.presets import ObjectAugmentation
from vision.tasks.detection.images import LoadObjects, ObjectImage

_CANVAS = (124, 116, 104)  # ImageNet's mean: what is 0 to a network with its normalisation
_LEAST_CROPPED = 16  # px: smaller images have no parts worth looking at


@dataclass(frozen=True)
class RegionView:
    """Random crop around boxes, expansion, mirror and colours, in this order. Source: SPEC §4.7; Liu et al., SSD."""

    augmentation: ObjectAugmentation
    fitting = None

    def draw(self, index: int, load: LoadObjects, count: int, random: Random, epoch: int = 1) -> ObjectImage:
        image, augmentation = load(index), self.augmentation
        if random.random() < augmentation.crop:
            image = crop_around_boxes(image, augmentation.crop_side, random)
        if random.random() < augmentation.expand:
            image = expand_canvas(image, augmentation.expand_side, random)
        if random.random() < augmentation.flip:
            image = mirror(image)
        return ObjectImage(jitter_colours(image.pixels, augmentation, random), image.boxes, image.labels, image.masks)


def crop_around_boxes(image: ObjectImage, least_side: float, random: Random) -> ObjectImage:
    """A random part in which the middle of some box lies, drawn by torchvision's RandomIoUCrop: one time in seven the
    whole image, else each side at least `least_side` of the image's and some box overlapping with it as drawn."""
    height, width = image.pixels.shape[:2]
    if not len(image.boxes) or min(height, width) < _LEAST_CROPPED:
        return image
    make_boxes: Any = BoundingBoxes
    boxes = make_boxes(torch.tensor(image.boxes), format=BoundingBoxFormat.XYXY, canvas_size=(height, width))
    with torch_draws_from(random):
        drawn = RandomIoUCrop(min_scale=least_side).make_params([boxes])
    if not drawn:
        return image
    left, top = drawn["left"], drawn["top"]
    right, bottom = left + drawn["width"], top + drawn["height"]
    masks = None if image.masks is None else np.ascontiguousarray(image.masks[:, top:bottom, left:right])
    shifted = image.boxes - np.array([left, top] * 2, dtype=np.float32)
    part = ObjectImage(np.ascontiguousarray(image.pixels[top:bottom, left:right]), shifted, image.labels, masks)
    return keep_visible(part, measure(image))


def expand_canvas(image: ObjectImage, most: float, random: Random) -> ObjectImage:
    """The image somewhere on a canvas 1 to `most` times as wide and high."""
    height, width = image.pixels.shape[:2]
    times = random.uniform(1.0, most)
    canvas = np.empty((int(height * times), int(width * times), 3), dtype=np.uint8)
    canvas[:] = _CANVAS
    left, top = random.randint(0, canvas.shape[1] - width), random.randint(0, canvas.shape[0] - height)
    canvas[top : top + height, left : left + width] = image.pixels
    masks = None
    if image.masks is not None:
        masks = np.zeros((len(image.masks), *canvas.shape[:2]), dtype=np.uint8)
        masks[:, top : top + height, left : left + width] = image.masks
    shift = np.array([left, top] * 2, dtype=np.float32)
    return ObjectImage(canvas, image.boxes + shift, image.labels, masks)


@contextmanager
def torch_draws_from(random: Random) -> Iterator[None]:
    """Let torch's generator of the CPU follow `random` within; outside it goes on as if nothing had been drawn."""
    generator = torch.default_generator
    state = generator.get_state()
    generator.manual_seed(random.getrandbits(63))
    try:
        yield
    finally:
        generator.set_state(state)
