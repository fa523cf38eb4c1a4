"""Writing CVAT for images 1.1."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from vision.catalog.task_types import TaskType
from vision.data.formats.base import ExportRow
from vision.data.formats.cvat.reader import UNLABELLED
from vision.data.formats.cvat.shapes import CROWD_NOTES

_FOLDER = "images/"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CROWD_ATTRIBUTE = (
    f"<attributes><attribute><name>{CROWD_NOTES[0]}</name><mutable>False</mutable><input_type>checkbox</input_type>"
    "<default_value>false</default_value><values>false</values></attribute></attributes>"
)
_TYPES = {TaskType.DETECTION: "rectangle", TaskType.SEGMENTATION: "polygon"}


class CvatWriter:
    """annotations.xml: the labels, then every image in order, its split as `subset`.

    The rings of one object are polygons of one group, a crowd has the attribute `is_crowd`, and an image nobody
    labelled says `unlabelled="1"`.
    """

    def place(self, row: ExportRow) -> str:
        return f"{_FOLDER}{row.name}"

    def write(self, rows: Iterable[ExportRow], folder: Path, label_names: list[str], task_type: str) -> None:
        with (folder / "annotations.xml").open("w", encoding="utf-8", errors="replace") as file:
            file.writelines(f"{line}\n" for line in _list_head(label_names, task_type))
            for number, row in enumerate(rows):
                file.writelines(f"{line}\n" for line in _list_image(row, number, task_type))
            file.write("</annotations>\n")


def _list_head(label_names: list[str], task_type: str) -> Iterator[str]:
    kind = _TYPES.get(TaskType(task_type), "tag")
    attributes = _CROWD_ATTRIBUTE if kind != "tag" else "<attributes></attributes>"
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield "<annotations>"
    yield "  <version>1.1</version>"
    yield "  <meta><task><labels>"
    for name in label_names:
        yield f"    <label><name>{escape(_clean(name))}</name><type>{kind}</type>{attributes}</label>"
    yield "  </labels></task></meta>"


def _list_image(row: ExportRow, number: int, task_type: str) -> Iterator[str]:
    values: dict[str, Any] = {"id": number, "name": row.image.removeprefix(_FOLDER)}
    values |= {"subset": row.split} if row.split else {}
    values |= {"width": row.width, "height": row.height}
    values |= {UNLABELLED: 1} if row.label is None else {}
    yield f"  <image{_write(values)}>"
    if task_type in _TYPES:
        for group, one in enumerate(row.label or [], start=1):
            yield from _list_shapes(one, row, group)
    elif row.label is not None:
        for name in [row.label] if isinstance(row.label, str) else row.label:
            yield f"    <tag{_write({'label': name, 'source': 'manual'})}></tag>"
    yield "  </image>"


def _list_shapes(one: dict[str, Any], row: ExportRow, group: int) -> Iterator[str]:
    head = {"label": one["label"], "source": "manual", "occluded": 0}
    note = f'<attribute name="{CROWD_NOTES[0]}">{"true" if one.get("isCrowd") else "false"}</attribute>'
    if "polygon" not in one:
        corners = zip(("xtl", "ytl", "xbr", "ybr"), ("topX", "topY", "bottomX", "bottomY"), strict=True)
        sides = {key: _number(one[name] * (row.height if name.endswith("Y") else row.width)) for key, name in corners}
        yield f"    <box{_write(head | sides | {'z_order': 0})}>{note}</box>"
        return
    tie = {"group_id": group} if len(one["polygon"]) > 1 else {}
    for ring in one["polygon"]:
        points = zip(ring[::2], ring[1::2], strict=True)
        text = ";".join(f"{_number(x * row.width)},{_number(y * row.height)}" for x, y in points)
        yield f"    <polygon{_write(head | {'points': text, 'z_order': 0} | tie)}>{note}</polygon>"


def _write(values: dict[str, Any]) -> str:
    return "".join(f" {key}={quoteattr(_clean(str(value)))}" for key, value in values.items())


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
