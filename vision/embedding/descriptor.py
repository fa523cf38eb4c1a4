"""A description of pictures by colours and edges, for machines without pretrained weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vision.embedding.reducing import to_unit

Features = NDArray[np.float32]
_SIDE, _CELLS, _TURNS, _COLOURS = 64, 4, 9, 4


class ColourEdgeDescriptor:
    """Edge directions in 4 × 4 cells (HOG), colours as a histogram of 64, and the mean colour of each cell.

    Pictures of the same colours and shapes lie close together, whatever they show: on 300 photographs of five flowers
    two of five neighbours were of the same flower, against seven of ten by a network.

    Source: Dalal, Triggs: Histograms of Oriented Gradients for Human Detection, CVPR 2005, without block overlap.
    """

    name = "colour-edges"
    side = _SIDE
    batch = 64

    def describe(self, pixels: NDArray[np.uint8]) -> Features:
        """uint8 [B, 64, 64, 3] → float32 [B, 256]."""
        values = np.asarray(pixels / 255, np.float32)
        layout = np.asarray(_layout(values) / 2, np.float32)
        return np.concatenate([_edges(values.mean(3)), _colours(pixels), layout], axis=1)


def _edges(grey: Features) -> Features:
    down, across = np.gradient(grey, axis=(1, 2))
    strength, angle = np.hypot(across, down), np.arctan2(down, across) % np.pi
    turn = np.minimum((angle / np.pi * _TURNS).astype(np.int64), _TURNS - 1)
    cell = np.arange(_SIDE) * _CELLS // _SIDE
    place = (cell[:, None] * _CELLS + cell[None, :])[None] * _TURNS + turn
    return to_unit(np.sqrt(_sum_up(place, strength, _CELLS * _CELLS * _TURNS)))


def _colours(pixels: NDArray[np.uint8]) -> Features:
    levels = pixels.astype(np.int64) * _COLOURS // 256
    code = (levels[..., 0] * _COLOURS + levels[..., 1]) * _COLOURS + levels[..., 2]
    return to_unit(np.sqrt(_sum_up(code, np.ones(code.shape, np.float32), _COLOURS**3)))


def _layout(values: Features) -> Features:
    step = _SIDE // _CELLS
    means = values.reshape(len(values), _CELLS, step, _CELLS, step, 3).mean((2, 4))
    return to_unit(means.reshape(len(values), _CELLS * _CELLS * 3))


def _sum_up(places: NDArray[np.int64], weights: Features, size: int) -> Features:
    """Weights by place, for each picture: [B, H, W] → [B, size]."""
    count = len(places)
    offset = np.arange(count)[:, None] * size + places.reshape(count, _SIDE * _SIDE)
    return np.bincount(offset.ravel(), weights.ravel(), count * size).reshape(count, size).astype(np.float32)
