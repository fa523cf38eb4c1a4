"""The conveyor under the parts: colours are float32 [H, W, 3] in 0–1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Grid = NDArray[np.floating[Any]]
_BELTS = [(0.10, 0.11, 0.12), (0.13, 0.23, 0.19), (0.17, 0.20, 0.26), (0.24, 0.23, 0.22)]  # rubber, PVC, cloth
_RAIL = (0.62, 0.64, 0.66)


def blur(values: Grid, radius: float) -> Grid:
    """A grid [H, W] in 0–1, smoothed."""
    image = Image.fromarray((np.clip(values, 0, 1) * 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), np.float32) / 255


def paint_belt(height: int, width: int, rng: np.random.Generator) -> Grid:
    """A worn belt with its weave, stains, and sometimes a seam and a side rail."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    colour = np.array(_BELTS[rng.integers(len(_BELTS))], np.float32) * np.float32(rng.uniform(0.85, 1.35))
    weave = np.sin((x + y) * 1.6) * np.sin((x - y) * 1.6)
    grain = rng.standard_normal((height, width), np.float32)
    stains = blur(rng.random((height, width), np.float32), 9) - 0.5
    tone = 1 + 0.07 * weave + 0.06 * grain + 2.2 * stains
    if rng.random() < 0.35:
        tone *= _seam(x, y, width, rng)
    belt: Grid = colour * tone.astype(np.float32)[..., None]
    if rng.random() < 0.3:
        belt = _add_rail(belt, y, height, rng)
    return belt


def _seam(x: Grid, y: Grid, width: int, rng: np.random.Generator) -> Grid:
    distance = np.abs(x - rng.uniform(0.1, 0.9) * width + (y - 100) * rng.uniform(-0.15, 0.15))
    shade: Grid = 1 - 0.45 * np.exp(-((distance / 1.6) ** 2)) + 0.2 * np.exp(-(((distance - 3) / 1.4) ** 2))
    return shade


def _add_rail(belt: Grid, y: Grid, height: int, rng: np.random.Generator) -> Grid:
    """An aluminium side rail along the top or the bottom."""
    edge = rng.uniform(0.07, 0.13) * height
    depth = y if rng.random() < 0.5 else height - 1 - y
    rail = np.clip(edge - depth, 0, 1)[..., None]
    shade = 1 - 0.55 * np.exp(-np.clip(depth - edge, 0, None) / 5)
    gloss = 0.75 + 0.35 * np.sin(depth / edge * 3)
    metal = np.array(_RAIL, np.float32) * gloss[..., None]
    painted: Grid = (belt * shade[..., None] * (1 - rail) + metal * rail).astype(np.float32)
    return painted
