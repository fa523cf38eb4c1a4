"""The three fasteners as solids seen from above: where each is, how high it stands, and its outline.

A shape has unit size (it fits the square from -1 to 1) and is sampled on grids `u`, `v`: float32 [H, W].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.floating[Any]]
Point = tuple[float, float]


@dataclass(frozen=True)
class Solid:
    """`distance` is negative inside, in the unit of the shape; `height` is what light falls on; `outline` is closed."""

    distance: Grid
    height: Grid
    outline: list[Point]


def washer(u: Grid, v: Grid, rng: np.random.Generator) -> Solid:
    """A flat ring with rounded edges."""
    hole = float(rng.uniform(0.42, 0.58))
    radius = np.hypot(u, v)
    distance = np.maximum(radius - 1, hole - radius)
    return Solid(distance, 0.1 * _bevel(distance, 0.08), _circle(1.0))


def nut(u: Grid, v: Grid, rng: np.random.Generator) -> Solid:
    """A hexagon with a turned chamfer and a threaded hole."""
    hole = float(rng.uniform(0.42, 0.52))
    radius = np.hypot(u, v)
    apothem = np.cos(np.pi / 6)
    sides = [np.abs(u * np.cos(angle) + v * np.sin(angle)) for angle in np.pi / 6 + np.arange(3) * np.pi / 3]
    hexagon = np.maximum.reduce(sides) - apothem
    distance = np.maximum(hexagon, hole - radius)
    chamfer = np.clip((radius - 0.84) * 1.6, 0, None)
    thread = 0.05 * np.sin((radius - hole) * 75) * (radius < hole + 0.12)
    height = 0.42 * _bevel(distance, 0.06) - chamfer + thread
    return Solid(distance, height, [(np.cos(a), np.sin(a)) for a in np.arange(6) * np.pi / 3])


def screw(u: Grid, v: Grid, rng: np.random.Generator) -> Solid:
    """A screw lying on its side: head at the left, thread to the pointed or blunt right end."""
    half = float(rng.uniform(0.15, 0.19))  # of the shaft's width
    head = float(rng.uniform(0.34, 0.4))
    depth = float(rng.uniform(0.22, 0.32))  # of the head, along the screw
    tip = float(rng.choice([0.06, 0.26]))
    turns = float(rng.uniform(42, 54))
    start = -1 + depth
    ripple = np.sin(turns * (u + 0.35 * v))
    width = half * np.clip((1 - u) / tip, 0, 1) + 0.022 * ripple * (u < 1 - tip / 2) * (u > start + 0.1)
    shaft = np.maximum(np.abs(v) - width, np.maximum(u - 1, start - u))
    is_round = rng.random() < 0.5
    round_top = head * np.sqrt(np.clip(1 - ((start - u) / depth) ** 2, 0, 1)) if is_round else head
    cap = np.maximum(np.abs(v) - round_top, np.maximum(u - start, -1 - u))
    distance = np.minimum(shaft, cap)
    round_shaft = np.sqrt(np.clip(1 - (v / np.maximum(width, 1e-3)) ** 2, 0, 1)) * half + 0.045 * ripple
    round_head = np.sqrt(np.clip(1 - (v / np.maximum(round_top, 1e-3)) ** 2, 0, 1)) * head
    height = np.where(u < start, round_head, round_shaft)
    shaft_outline = [(start, -half), (1 - tip, -half), (1.0, 0.0), (1 - tip, half), (start, half)]
    return Solid(distance, height, shaft_outline + _head_outline(start, depth, head, is_round))


def _head_outline(start: float, depth: float, head: float, is_round: bool) -> list[Point]:
    """From the lower end of the head around its top to the upper end."""
    if not is_round:
        return [(start, head), (-1.0, head), (-1.0, -head), (start, -head)]
    angles = np.linspace(np.pi / 2, -np.pi / 2, 15)
    return [(start - depth * float(np.cos(angle)), head * float(np.sin(angle))) for angle in angles]


SHAPES: dict[str, Callable[[Grid, Grid, np.random.Generator], Solid]] = {"nut": nut, "screw": screw, "washer": washer}


def _bevel(distance: Grid, width: float) -> Grid:
    """0 at the edge to 1 at `width` inside it, rounded."""
    inside = np.clip(-distance / width, 0, 1)
    rounded: Grid = np.sqrt(1 - (1 - inside) ** 2)
    return rounded


def _circle(radius: float, points: int = 48) -> list[Point]:
    angles = np.arange(points) * 2 * np.pi / points
    return [(radius * float(np.cos(angle)), radius * float(np.sin(angle))) for angle in angles]
