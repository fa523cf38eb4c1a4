"""Writing LabelMe."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from vision.catalog.task_types import TaskType
from vision.data.formats.base import ExportRow
from vision.data.formats.labelme.shapes import CROWD
from vision.data.formats.placing import SPLIT_FOLDERS, Placer, drop_folders
from vision.data.geometry import to_pixels
from vision.data.split_names import guess_split

_VERSION = "5.5.0"
_MOST_FLAGS = 100  # class names that every file lists, so that LabelMe offers them; above, only those that are set


class LabelmeWriter:
    """<split>/<name> and beside it <split>/<name>.json, `val` for validation.

    Class names of images are flags. The rings of one object are polygons of one group, a crowd has the flag `isCrowd`,
    and an image nobody labelled says `"unlabelled": true`.
    """

    def __init__(self) -> None:
        self._placer = Placer()

    def place(self, row: ExportRow) -> str:
        name = drop_folders(row.name, lambda folder: bool(guess_split(folder)))
        return self._placer.place(f"{SPLIT_FOLDERS.get(row.split, 'train')}/{name}", row.name)

    def write(self, rows: Iterable[ExportRow], folder: Path, label_names: list[str], task_type: str) -> None:
        is_offered = task_type in (TaskType.CLASSIFICATION, TaskType.MULTILABEL) and len(label_names) <= _MOST_FLAGS
        offered = label_names if is_offered else []
        for row in rows:
            image = row.image or self.place(row)
            path = folder / f"{posixpath.splitext(image)[0]}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(_to_document(row, image, offered), ensure_ascii=False, indent=1)
            path.write_text(f"{text}\n", encoding="utf-8", errors="replace")


def _to_document(row: ExportRow, image: str, offered: list[str]) -> dict[str, Any]:
    names = [row.label] if isinstance(row.label, str) else [one for one in row.label or [] if isinstance(one, str)]
    objects = [one for one in row.label or [] if isinstance(one, dict)]
    return {
        "version": _VERSION,
        "flags": dict.fromkeys([*names, *offered], False) | dict.fromkeys(names, True),
        "shapes": [shape for number, one in enumerate(objects, start=1) for shape in _list_shapes(one, row, number)],
        "imagePath": posixpath.basename(image),
        "imageData": None,
        "imageHeight": row.height,
        "imageWidth": row.width,
    } | ({"unlabelled": True} if row.label is None else {})


def _list_shapes(one: dict[str, Any], row: ExportRow, number: int) -> Iterator[dict[str, Any]]:
    """One object as a rectangle, or as a polygon a ring; several are of one group."""
    rings = one.get("polygon")
    box = [] if rings else [one[key] for key in ("topX", "topY", "bottomX", "bottomY")]
    for values in rings or [box]:
        pixels = to_pixels(values, row.width, row.height)
        yield {
            "label": one["label"],
            "points": [list(point) for point in zip(pixels[::2], pixels[1::2], strict=True)],
            "group_id": number if rings and len(rings) > 1 else None,
            "description": "",
            "shape_type": "polygon" if rings else "rectangle",
            "flags": {CROWD: True} if one.get("isCrowd") else {},
            "mask": None,
        }
