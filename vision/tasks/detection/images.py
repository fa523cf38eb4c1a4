"""An image with its objects, on its way into a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

import numpy as np

from vision.inference.fitting import Fitting


@dataclass(frozen=True)
class ObjectImage:
    """`pixels` uint8 [H, W, 3]; `boxes` float32 [n, 4], xyxy in its px; `labels` int64 [n]; `masks` uint8 [n, H, W]
    (0, 1), None where only boxes count. Crowds are not among the objects."""

    pixels: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    masks: np.ndarray | None = None


LoadObjects = Callable[[int], ObjectImage]


class ObjectView(Protocol):
    """A random view of a training image."""

    @property
    def fitting(self) -> Fitting | None:
        """What every whole image is fitted with before all else, which may be done once for all epochs where it makes
        the image smaller; None: nothing, for some views show a part larger."""

    def draw(self, index: int, load: LoadObjects, count: int, random: Random, epoch: int = 1) -> ObjectImage:
        """The view of image `index` of `count` in an epoch (from 1); `load` gives any of them, for views of several.

        Every choice comes from `random`: the same generator state gives the same view, in any process.
        """
