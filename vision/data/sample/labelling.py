"""What lies on the conveyor for each task type, and what its label cell says of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vision.catalog.task_types import TaskType
from vision.data.geometry import Frame
from vision.data.masks import trace_mask
from vision.data.sample.scene import Part, Placement, Scene
from vision.data.sample.shapes import SHAPES

_TRIES = 40  # places looked at for a part before the scene is taken as full
_SMALLEST = 60  # px of a part that must show for it to be labelled


@dataclass(frozen=True)
class SampleLabels:
    """How a task type's sample is made. `place(number, width, height, rng)` says which parts lie in a scene, `label`
    what its cell is; `widths` and `heights` in px are drawn from."""

    place: Callable[[int, int, int, np.random.Generator], list[Placement]]
    label: Callable[[Scene], Any]
    widths: Sequence[int] = (224, 240, 256)
    heights: Sequence[int] = (192, 208, 224)


def place_one(number: int, width: int, height: int, rng: np.random.Generator) -> list[Placement]:
    """One part that fills most of the picture, its class by turns."""
    class_name = list(SHAPES)[number % len(SHAPES)]
    radius = min(width, height) * rng.uniform(0.27, 0.4) * (1.15 if class_name == "screw" else 0.9)
    return [
        Placement(
            class_name,
            x=width * rng.uniform(0.42, 0.58),
            y=height * rng.uniform(0.42, 0.58),
            radius=radius,
            angle=rng.uniform(0, 2 * np.pi),
            is_scratched=rng.random() < 0.3,
        )
    ]


def place_few(number: int, width: int, height: int, rng: np.random.Generator) -> list[Placement]:
    """One to three parts, the first one's class by turns."""
    return _scatter(number, int(rng.integers(1, 4)), (0.2, 0.29), width, height, rng)


def place_several(number: int, width: int, height: int, rng: np.random.Generator) -> list[Placement]:
    """Two to six parts of different sizes, here and there one upon another; every 16th belt is empty, so that there are
    such in both splits (validation images are the last three of 15)."""
    if number % 16 == 14:
        return []
    return _scatter(number, int(rng.integers(2, 7)), (0.11, 0.2), width, height, rng)


def name_part(scene: Scene) -> str:
    return scene.parts[-1].class_name


def name_all(scene: Scene) -> list[str]:
    """The classes that lie there, and whether scratches show on one of the parts."""
    shown = _list_shown(scene)
    names = sorted({part.class_name for part in shown})
    return [*names, "scratched"] if any(part.is_scratched for part in shown) else names


def draw_boxes(scene: Scene) -> list[dict[str, Any]]:
    """A box around what shows of each part, in 0–1."""
    frame = Frame(scene.image.width, scene.image.height)
    return [{"label": part.class_name, **frame.normalize_box(*part.box), "isCrowd": 0} for part in _list_shown(scene)]


def draw_polygons(scene: Scene) -> list[dict[str, Any]]:
    """The outlines of what shows of each part, in 0–1."""
    frame = Frame(scene.image.width, scene.image.height)
    return [
        {"label": part.class_name, "isCrowd": 0, "polygon": trace_mask(part.mask.astype(np.uint8), frame).rings}
        for part in _list_shown(scene)
    ]


SAMPLES: dict[str, SampleLabels] = {
    TaskType.CLASSIFICATION: SampleLabels(place_one, name_part),
    # Nearly square: a classifier looks at the middle of an image, and what lies at a long one's ends is labelled too.
    TaskType.MULTILABEL: SampleLabels(place_few, name_all, (232, 240, 248), (232, 240, 248)),
    TaskType.DETECTION: SampleLabels(place_several, draw_boxes, (320, 336, 352), (256, 272, 288)),
    TaskType.SEGMENTATION: SampleLabels(place_several, draw_polygons, (320, 336, 352), (256, 272, 288)),
}


def _list_shown(scene: Scene) -> list[Part]:
    return [part for part in scene.parts if np.count_nonzero(part.mask) >= _SMALLEST]


def _scatter(
    number: int, count: int, radii: tuple[float, float], width: int, height: int, rng: np.random.Generator
) -> list[Placement]:
    """Parts with room between most of them: `radii` are shares of the shorter side."""
    names = list(SHAPES)
    placed: list[Placement] = []
    for turn in range(count):
        class_name = names[number % len(names)] if turn == 0 else str(rng.choice(names))
        radius = min(width, height) * rng.uniform(*radii) * (1.2 if class_name == "screw" else 0.9)
        overlap = 0.6 if rng.random() < 0.2 else 0.95
        for _ in range(_TRIES):
            x, y = rng.uniform(radius * 0.8, width - radius * 0.8), rng.uniform(radius * 0.8, height - radius * 0.8)
            if all(np.hypot(x - other.x, y - other.y) > overlap * (radius + other.radius) for other in placed):
                angle, is_scratched = rng.uniform(0, 2 * np.pi), rng.random() < 0.25
                placed.append(Placement(class_name, x, y, radius, angle, is_scratched))
                break
    return placed
