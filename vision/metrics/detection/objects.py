"""What is compared: the objects of an image as they were labelled, and as they were found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np


class Rle(TypedDict):
    """A mask as COCO compresses it: `size` [height, width], `counts` the compressed runs."""

    size: list[int]
    counts: bytes


@dataclass(frozen=True)
class TrueObjects:
    """The labels of one image, in any order.

    `boxes` float64 [n, 4], xyxy in px of the upright image; `labels` int64 [n]; `crowd` bool [n]; `masks` one each, or
    None where only boxes count. `width` and `height` are the image's.
    """

    width: int
    height: int
    boxes: np.ndarray
    labels: np.ndarray
    crowd: np.ndarray
    masks: list[Rle] | None = None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class FoundObjects:
    """The predictions for one image, best first: as `TrueObjects`, with `scores` float64 [n]."""

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    masks: list[Rle] | None = None

    def __len__(self) -> int:
        return len(self.scores)
