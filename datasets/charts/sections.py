"""Which charts the Health tab has, in its order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from datasets.charts.classes import class_balance, labels_together, object_balance
from datasets.charts.images import file_formats, image_shapes, image_sizes, size_histogram
from datasets.charts.objects import labels_per_image, object_areas, object_shapes, objects_per_image
from datasets.charts.parts import Chart, Link


@dataclass(frozen=True)
class Card:
    """A chart with its title; `hint` says how to read it, `size` is `bars` where it grows with its `lines`."""

    id: str
    title: str
    draw: Callable[[dict[str, Any], Link], Chart | None]
    hint: str = ""
    size: str = ""


@dataclass(frozen=True)
class Section:
    """Charts about one thing."""

    id: str
    title: str
    cards: tuple[Card, ...]


_SHAPES = "Width to height in pixels: tall ones left, wide ones right. A bar leads to examples."
_AREAS = "The box's share of the image's area. A bar leads to examples."
_TOGETHER = "Images that have both, for the 20 most frequent classes."
SECTIONS = (
    Section(
        "classes",
        "Classes",
        (
            Card("class-images", "Images per class", class_balance, size="bars"),
            Card("class-objects", "Objects per class", object_balance, "In the order of the images per class.", "bars"),
            Card("labels-per-image", "Labels per image", labels_per_image),
            Card("together", "Classes that stand together", labels_together, _TOGETHER, "bars"),
        ),
    ),
    Section(
        "objects",
        "Objects",
        (
            Card("per-image", "Objects per image", objects_per_image),
            Card("object-areas", "Size of objects", object_areas, _AREAS),
            Card("object-shapes", "Shape of objects", object_shapes, _SHAPES, "tall"),
        ),
    ),
    Section(
        "images",
        "Images",
        (
            Card("sizes", "Width and height", image_sizes, "The larger a dot, the more images have this size."),
            Card("longest-side", "Longest side", size_histogram),
            Card("shapes", "Shape of images", image_shapes, _SHAPES),
            Card("formats", "File formats", file_formats),
        ),
    ),
)
