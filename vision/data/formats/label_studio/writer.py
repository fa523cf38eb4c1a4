"""Writing tasks that Label Studio imports with their annotations, and the labelling interface that shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import msgspec

from vision.catalog.task_types import TaskType
from vision.data.formats.base import ExportRow
from vision.data.formats.label_studio.regions import CROWD

_encode = msgspec.json.Encoder().encode
_CONTROLS = {
    TaskType.CLASSIFICATION: ("choice", "choices", '<Choices name="choice" toName="image" choice="single">', "Choice"),
    TaskType.MULTILABEL: ("choice", "choices", '<Choices name="choice" toName="image" choice="multiple">', "Choice"),
    TaskType.DETECTION: ("label", "rectanglelabels", '<RectangleLabels name="label" toName="image">', "Label"),
    TaskType.SEGMENTATION: ("label", "polygonlabels", '<PolygonLabels name="label" toName="image">', "Label"),
}
"""By task type: the control's name, its results' type, the tag it is written as, the tag of a class in it."""


class LabelStudioWriter:
    """label_studio.json, one list of tasks, and label_config.xml. Images lie at `data.image`, relative to the file.

    An image nobody labelled has no annotation, one with nothing on it an empty one. The rings of one object are
    polygons of which the first is the parent of the others; a crowd has the note `isCrowd`.
    """

    def place(self, row: ExportRow) -> str:
        return f"images/{row.name}"

    def write(self, rows: Iterable[ExportRow], folder: Path, label_names: list[str], task_type: str) -> None:
        (folder / "label_config.xml").write_text(_write_config(label_names, task_type), "utf-8", "replace")
        with (folder / "label_studio.json").open("wb") as file:
            file.write(b"[")
            for number, row in enumerate(rows, start=1):
                file.write((b"\n" if number == 1 else b",\n") + _encode(_to_task(row, number, task_type)))
            file.write(b"\n]\n")


def _write_config(label_names: list[str], task_type: str) -> str:
    _, _, control, tag = _CONTROLS[TaskType(task_type)]
    classes = "".join(f"    <{tag} value={quoteattr(name)}/>\n" for name in label_names)
    end = control[1 : control.index(" ")]
    return f'<View>\n  <Image name="image" value="$image"/>\n  {control}\n{classes}  </{end}>\n</View>\n'


def _to_task(row: ExportRow, number: int, task_type: str) -> dict[str, Any]:
    data = {"image": row.image} | ({"split": row.split} if row.split else {})
    annotations = [] if row.label is None else [{"result": list(_list_results(row, task_type))}]
    return {"id": number, "data": data, "annotations": annotations}


def _list_results(row: ExportRow, task_type: str) -> Iterator[dict[str, Any]]:
    name, kind, *_ = _CONTROLS[TaskType(task_type)]
    head = {"from_name": name, "to_name": "image", "type": kind}
    if kind == "choices":
        names = [row.label] if isinstance(row.label, str) else row.label
        if names:
            yield head | {"id": "c1", "value": {"choices": names}}
        return
    sides = {"original_width": row.width, "original_height": row.height, "image_rotation": 0}
    for number, one in enumerate(row.label, start=1):
        notes = {"meta": {"text": [CROWD]}} if one.get("isCrowd") else {}
        for part, value in enumerate(_list_values(one)):
            tie = {"id": f"r{number}_{part}", "parentID": f"r{number}_0"} if part else {"id": f"r{number}_0"}
            yield head | sides | tie | {"value": value | {kind: [one["label"]]}} | notes


def _list_values(one: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The shapes of one object in percent: a rectangle, or a polygon a ring."""
    if "polygon" not in one:
        left, top, right, bottom = (one[key] for key in ("topX", "topY", "bottomX", "bottomY"))
        sides = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        yield {key: round(value * 100, 6) for key, value in sides.items()} | {"rotation": 0}
        return
    for ring in one["polygon"]:
        points = [round(value * 100, 6) for value in ring]
        yield {"points": [list(point) for point in zip(points[::2], points[1::2], strict=True)], "closed": True}
