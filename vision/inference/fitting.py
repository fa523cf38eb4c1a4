"""How an image of any size is brought to the input of a network that finds objects, and boxes back from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image

from vision.catalog.architectures.info import FittingKind
from vision.spec.settings import InferenceSettings, ShorterSideSettings, YoloSettings

LETTERBOX_FILL = 114  # the grey that YOLO networks are trained with


@dataclass(frozen=True)
class Placement:
    """Where the image went: x of the input = x of the image × `scale_x` + `left`, likewise y; all in px.

    `width` and `height` are the sides of the scaled image itself, without what was filled around it.
    """

    scale_x: float
    scale_y: float
    left: float
    top: float
    width: int
    height: int

    def to_input(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes float [n, 4], xyxy in px of the image, in px of the input."""
        scale = np.array([self.scale_x, self.scale_y] * 2, dtype=np.float32)
        return boxes * scale + np.array([self.left, self.top] * 2, dtype=np.float32)

    def shift(self, left: int, top: int) -> Placement:
        """The same seen from a larger image, of which this one is the part whose corner lies at (`left`, `top`)."""
        moved_left, moved_top = self.left - left * self.scale_x, self.top - top * self.scale_y
        return Placement(self.scale_x, self.scale_y, moved_left, moved_top, self.width, self.height)

    def to_image(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes float [n, 4], xyxy in px of the input, in px of the image; not cut off at its edges."""
        scale = np.array([self.scale_x, self.scale_y] * 2, dtype=np.float32)
        return (boxes - np.array([self.left, self.top] * 2, dtype=np.float32)) / scale


class Fitting(Protocol):
    """Frozen: its repr is part of a cache's name. `side` is how long, in px, an image's shorter side may become."""

    @property
    def side(self) -> int: ...

    def fit(self, pixels: np.ndarray) -> tuple[np.ndarray, Placement]:
        """uint8 [H, W, 3] to uint8 [h, w, 3] and where the image lies in it."""


@dataclass(frozen=True)
class ShorterSide:
    """The shorter side to `min_size` px, the longer at most `max_size`. Source: SPEC §4.3, torchvision's detectors."""

    min_size: int
    max_size: int

    @property
    def side(self) -> int:
        return self.min_size

    def fit(self, pixels: np.ndarray) -> tuple[np.ndarray, Placement]:
        height, width = pixels.shape[:2]
        scale = min(self.min_size / min(height, width), self.max_size / max(height, width))
        return _scale(pixels, max(1, round(width * scale)), max(1, round(height * scale)))


@dataclass(frozen=True)
class Letterbox:
    """The whole image in a square of `size` px, centred, grey around it. Source: SPEC §4.7, ultralytics."""

    size: int
    fill: int = LETTERBOX_FILL

    @property
    def side(self) -> int:
        return self.size

    def fit(self, pixels: np.ndarray) -> tuple[np.ndarray, Placement]:
        height, width = pixels.shape[:2]
        scale = min(self.size / height, self.size / width)
        scaled, place = _scale(pixels, max(1, round(width * scale)), max(1, round(height * scale)))
        left, top = (self.size - place.width) // 2, (self.size - place.height) // 2
        square = np.full((self.size, self.size, 3), self.fill, dtype=np.uint8)
        square[top : top + place.height, left : left + place.width] = scaled
        return square, Placement(place.scale_x, place.scale_y, left, top, place.width, place.height)


@dataclass(frozen=True)
class Stretch:
    """Exactly `width` × `height` px, the aspect not kept."""

    width: int
    height: int

    @property
    def side(self) -> int:
        return max(self.width, self.height)

    def fit(self, pixels: np.ndarray) -> tuple[np.ndarray, Placement]:
        return _scale(pixels, self.width, self.height)


def choose_fitting(kind: FittingKind, settings: InferenceSettings) -> Fitting:
    """The fitting of that kind at the sizes that the settings say.

    Raises:
        TypeError: settings of another kind of network.
    """
    if kind == "shorter_side" and isinstance(settings, ShorterSideSettings):
        return ShorterSide(settings.min_size, settings.max_size)
    if kind == "letterbox" and isinstance(settings, YoloSettings):
        return Letterbox(settings.img_size)
    if kind == "stretch" and isinstance(settings, YoloSettings):
        return Stretch(settings.img_size, settings.img_size)
    raise TypeError(f"{type(settings).__name__} say nothing of the fitting {kind}.")


def _scale(pixels: np.ndarray, width: int, height: int) -> tuple[np.ndarray, Placement]:
    old_height, old_width = pixels.shape[:2]
    place = Placement(width / old_width, height / old_height, 0, 0, width, height)
    if (width, height) == (old_width, old_height):
        return pixels, place
    image = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image), place
