"""One photo of a conveyor: which parts lie on it, and exactly where.

The generator knows every part's class, scratches, outline and visible pixels, so that one scene can be labelled for
each of the four task types.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.data.sample.belt import blur, paint_belt
from vision.data.sample.shapes import SHAPES, Grid, Point

_SMALLEST_SCRATCH = 20  # px of scratches that must show for a part to count as scratched
_METALS = [(0.66, 0.68, 0.71), (0.80, 0.80, 0.78), (0.52, 0.53, 0.55), (0.78, 0.66, 0.38)]  # steel, zinc, black, brass


@dataclass(frozen=True)
class Placement:
    """Where a part lies: centre and radius in px (half its longest extent), angle in radians."""

    class_name: str
    x: float
    y: float
    radius: float
    angle: float
    is_scratched: bool


@dataclass(frozen=True)
class Part:
    """A part as drawn: `polygon` in px, `mask` bool [H, W] of its visible pixels, `box` xyxy in px around them.

    It is scratched where scratches can be seen, not where another part hides them.
    """

    class_name: str
    is_scratched: bool
    polygon: list[Point]
    mask: NDArray[np.bool_]
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Scene:
    """`image` is RGB; parts are listed bottom to top and hold only what still shows."""

    image: Image.Image
    parts: list[Part]


def render_scene(width: int, height: int, placements: list[Placement], rng: np.random.Generator) -> Scene:
    """Draw parts on a belt, in order, under one lamp. The same generator state gives the same pixels."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    lamp = rng.uniform(0, 2 * np.pi)
    light = np.array([np.cos(lamp), np.sin(lamp), rng.uniform(0.9, 1.5)], np.float32)
    light /= np.linalg.norm(light)
    colour = paint_belt(height, width, rng)
    drawn: list[_Drawn] = []
    for placement in placements:
        part = _draw_part(colour, x, y, placement, light, rng)
        drawn = [replace(other, mask=other.mask & ~part.mask) for other in drawn] + [part]
    parts = [_describe(part) for part in drawn if part.mask.any()]
    return Scene(_expose(colour, x, y, light, rng), parts)


@dataclass(frozen=True)
class _Drawn:
    """`mask` and `scratches` are bool [H, W]; `outline` in px."""

    placement: Placement
    outline: list[Point]
    mask: NDArray[np.bool_]
    scratches: NDArray[np.bool_]


def _draw_part(colour: Grid, x: Grid, y: Grid, part: Placement, light: Grid, rng: np.random.Generator) -> _Drawn:
    """Draw one part into `colour`."""
    window = _window(part, x.shape)
    whole, colour = colour, colour[window]
    x, y = x[window], y[window]
    cos, sin = np.float32(np.cos(part.angle)), np.float32(np.sin(part.angle))
    u = ((x - part.x) * cos + (y - part.y) * sin) / part.radius
    v = ((y - part.y) * cos - (x - part.x) * sin) / part.radius
    solid = SHAPES[part.class_name](u, v, rng)
    alpha = np.clip(0.5 - solid.distance * part.radius, 0, 1)  # half a pixel of edge either side
    height = solid.height * part.radius
    marks = _scratch(u, v, solid.distance, rng) if part.is_scratched else np.zeros_like(u)
    metal = _shade(height - 1.5 * marks, marks, u, v, light, rng)
    shaded = colour * (1 - _shadow(alpha, light, part.radius))[..., None]
    outline = [
        (float(part.x + part.radius * (a * cos - b * sin)), float(part.y + part.radius * (a * sin + b * cos)))
        for a, b in solid.outline
    ]
    whole[window] = shaded * (1 - alpha[..., None]) + metal * alpha[..., None]
    mask, scratches = np.zeros((2, *whole.shape[:2]), np.bool_)
    mask[window], scratches[window] = alpha > 0.5, marks > 0.5
    return _Drawn(part, outline, mask, scratches)


def _window(part: Placement, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The pixels a part and its shadow can reach: nothing else need be computed."""
    reach = part.radius * 1.35 + 8
    ranges = zip((part.y, part.x), shape, strict=True)
    rows, columns = (slice(max(0, int(at - reach)), min(size, int(at + reach) + 1)) for at, size in ranges)
    return rows, columns


def _shade(height: Grid, marks: Grid, u: Grid, v: Grid, light: Grid, rng: np.random.Generator) -> Grid:
    """Metal under the lamp: diffuse, a highlight, and the hall's lamps mirrored in its curves."""
    down, across = np.gradient(height)
    length = np.sqrt(across**2 + down**2 + 1)
    normal = (-across / length, -down / length, 1 / length)
    diffuse = np.clip(sum(n * component for n, component in zip(normal, light, strict=True)), 0, 1)
    half = (light + np.array([0, 0, 1], np.float32)) / np.linalg.norm(light + np.array([0, 0, 1], np.float32))
    gloss = np.clip(sum(n * component for n, component in zip(normal, half, strict=True)), 0, 1) ** 32
    mirrored = np.sin(4 * normal[0] + 3 * normal[1] + np.float32(rng.uniform(0, 6.3)))
    brushed = 0.03 * np.sin(u * 310 + 2 * np.sin(v * 23)) + 0.02 * rng.standard_normal(u.shape, np.float32)
    tone = 0.16 + 0.72 * diffuse + 0.12 * mirrored + brushed
    metal = np.array(_METALS[rng.integers(len(_METALS))], np.float32) * np.float32(rng.uniform(0.8, 1.1))
    white = 0.55 * gloss * rng.uniform(0.5, 1) + 0.45 * marks
    shaded: Grid = (metal * tone[..., None] + white[..., None]).astype(np.float32)
    return shaded


def _shadow(alpha: Grid, light: Grid, radius: float) -> Grid:
    """How much light the part takes from what lies beneath: a cast shadow and a dark line of contact."""
    reach = radius * 0.16
    shift = (round(float(-light[1]) * reach), round(float(-light[0]) * reach))
    cast = blur(np.roll(alpha, shift, (0, 1)), max(1.5, radius * 0.06))
    return np.clip(0.55 * cast + 0.35 * blur(alpha, 2.5), 0, 0.85)


def _scratch(u: Grid, v: Grid, distance: Grid, rng: np.random.Generator) -> Grid:
    """A bundle of grooves, each over a point of the part (`distance` is negative within): 0–1 [H, W]."""
    marks = np.zeros_like(u)
    angle = rng.uniform(0, np.pi)
    along, off = u * np.cos(angle) + v * np.sin(angle), v * np.cos(angle) - u * np.sin(angle)
    within = np.argwhere(distance <= max(-0.05, float(distance.min())))
    for _ in range(rng.integers(3, 6)):
        row, column = within[rng.integers(len(within))]
        ahead, aside = along - along[row, column], off - off[row, column]
        bend = rng.uniform(-0.15, 0.15) * ahead**2
        groove = np.exp(-(((aside - bend) / 0.03) ** 2)) * (np.abs(ahead) < rng.uniform(0.3, 0.7))
        marks = np.maximum(marks, groove)
    return marks


def _expose(colour: Grid, x: Grid, y: Grid, light: Grid, rng: np.random.Generator) -> Image.Image:
    """The camera: uneven light, a little vignette and colour cast, sensor noise, sometimes soft focus."""
    height, width = x.shape
    across, down = x / width - 0.5, y / height - 0.5
    lamp = 1 + rng.uniform(0.2, 0.6) * (across * light[0] + down * light[1])
    vignette = 1 - rng.uniform(0.2, 0.6) * (across**2 + down**2)
    exposure = (rng.uniform(0.85, 1.3) * rng.uniform(0.96, 1.04, 3)).astype(np.float32)
    exposed = np.clip(colour * (lamp * vignette).astype(np.float32)[..., None] * exposure, 0, 1) ** np.float32(0.8)
    exposed += np.float32(rng.uniform(0.008, 0.025)) * rng.standard_normal(colour.shape, np.float32)
    image = Image.fromarray((np.clip(exposed, 0, 1) * 255).astype(np.uint8))
    if rng.random() < 0.25:
        image = image.resize((width * 3 // 4, height * 3 // 4)).resize((width, height), Image.Resampling.BICUBIC)
    return image


def _describe(part: _Drawn) -> Part:
    rows, columns = np.flatnonzero(part.mask.any(1)), np.flatnonzero(part.mask.any(0))
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    is_scratched = int(np.count_nonzero(part.scratches & part.mask)) >= _SMALLEST_SCRATCH
    return Part(part.placement.class_name, is_scratched, part.outline, part.mask, box)
