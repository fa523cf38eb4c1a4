"""How an image of any size is brought to the input of a network that finds objects, and boxes back from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from vision.catalog.architectures.info import FittingKind
from vision.spec.settings import InferenceSettings, ShorterSideSettings, SquareSettings

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
        placed: np.ndarray = boxes * np.array([self.scale_x, self.scale_y] * 2) + np.array([self.left, self.top] * 2)
        return placed

    def shift(self, left: int, top: int) -> Placement:
        """The same seen from a larger image, of which this one is the part whose corner lies at (`left`, `top`)."""
        moved_left, moved_top = self.left - left * self.scale_x, self.top - top * self.scale_y
        return Placement(self.scale_x, self.scale_y, moved_left, moved_top, self.width, self.height)

    def shrink(self, stride: int) -> Placement:
        """The same in an input whose sides are `stride` times shorter; the sides of the image are the unshrunk ones."""
        return replace(
            self,
            scale_x=self.scale_x / stride,
            scale_y=self.scale_y / stride,
            left=self.left / stride,
            top=self.top / stride,
        )

    def to_image(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes float [n, 4], xyxy in px of the input, in px of the image; not cut off at its edges."""
        own: np.ndarray = (boxes - np.array([self.left, self.top] * 2)) / np.array([self.scale_x, self.scale_y] * 2)
        return own


class Fitting(ABC):
    """Frozen: its repr is part of a cache's name."""

    fill: int | None = None
    """What the fitting itself fills with (grey 0–255); None: it leaves no room around the image."""

    @property
    @abstractmethod
    def side(self) -> int:
        """How long an image's shorter side may become, in px."""

    @abstractmethod
    def place(self, width: int, height: int) -> Placement:
        """Where an image of that size goes."""

    def frame(self, placement: Placement) -> tuple[int, int]:
        """Height and width of what the network is given of an image placed so."""
        return placement.height, placement.width

    def fit(self, pixels: np.ndarray) -> tuple[np.ndarray, Placement]:
        """uint8 [H, W, 3] to uint8 [h, w, 3] and where the image lies in it."""
        height, width = pixels.shape[:2]
        placement = self.place(width, height)
        if (placement.height, placement.width) != (height, width):
            size = (placement.width, placement.height)
            pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))
        return self.surround(pixels, placement, self.fill or 0), placement

    def surround(self, scaled: np.ndarray, placement: Placement, fill: int) -> np.ndarray:
        """An image already scaled, [h, w] or [h, w, channels], within the network's image."""
        height, width = self.frame(placement)
        if (height, width) == scaled.shape[:2]:
            return scaled
        whole = np.full((height, width, *scaled.shape[2:]), fill, dtype=scaled.dtype)
        left, top = int(placement.left), int(placement.top)
        whole[top : top + placement.height, left : left + placement.width] = scaled
        return whole


@dataclass(frozen=True)
class ShorterSide(Fitting):
    """The shorter side to `min_size` px, the longer at most `max_size`. Source: SPEC §4.3, torchvision's detectors."""

    min_size: int
    max_size: int

    @property
    def side(self) -> int:
        return self.min_size

    def place(self, width: int, height: int) -> Placement:
        scale = min(self.min_size / min(height, width), self.max_size / max(height, width))
        return _scale(width, height, max(1, round(width * scale)), max(1, round(height * scale)))


@dataclass(frozen=True)
class Letterbox(Fitting):
    """The whole image in a square of `size` px, centred, grey around it. Source: SPEC §4.7, ultralytics."""

    size: int
    fill = LETTERBOX_FILL

    @property
    def side(self) -> int:
        return self.size

    def place(self, width: int, height: int) -> Placement:
        scale = min(self.size / height, self.size / width)
        wide, high = max(1, round(width * scale)), max(1, round(height * scale))
        return _scale(width, height, wide, high, (self.size - wide) // 2, (self.size - high) // 2)

    def frame(self, placement: Placement) -> tuple[int, int]:
        return self.size, self.size


@dataclass(frozen=True)
class Stretch(Fitting):
    """Exactly `width` × `height` px, the aspect not kept."""

    width: int
    height: int

    @property
    def side(self) -> int:
        return max(self.width, self.height)

    def place(self, width: int, height: int) -> Placement:
        return _scale(width, height, self.width, self.height)


def choose_fitting(kind: FittingKind, settings: InferenceSettings) -> Fitting:
    """The fitting of that kind at the sizes that the settings say.

    Raises:
        TypeError: settings of another kind of network.
    """
    if kind == "shorter_side" and isinstance(settings, ShorterSideSettings):
        return ShorterSide(settings.min_size, settings.max_size)
    if kind == "letterbox" and isinstance(settings, SquareSettings):
        return Letterbox(settings.img_size)
    if kind == "stretch" and isinstance(settings, SquareSettings):
        return Stretch(settings.img_size, settings.img_size)
    raise TypeError(f"{type(settings).__name__} say nothing of the fitting {kind}.")


def _scale(old_width: int, old_height: int, width: int, height: int, left: int = 0, top: int = 0) -> Placement:
    return Placement(width / old_width, height / old_height, left, top, width, height)
