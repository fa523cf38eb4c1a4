"""Writing Pascal VOC."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any
from xml.sax.saxutils import escape

from vision.catalog.task_types import TaskType
from vision.data.formats.base import ExportRow
from vision.data.formats.found import enclose
from vision.data.formats.placing import SPLIT_FOLDERS, Placer, drop_folders
from vision.data.geometry import to_pixels

_LAYOUT = {"JPEGImages", "images", "Annotations", "ImageSets", "SegmentationObject"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class VocWriter:
    """Annotations/<name>.xml, JPEGImages/<name> and ImageSets/Main/{train,val,test}.txt.

    Coordinates are px with three decimals, so that nothing is lost; `isCrowd` is `difficult`. An outline is written as
    one `<polygon>` a ring (`<x1/><y1/><x2/>…`) beside its `bndbox`, not as a mask. An image nobody labelled has
    `<unlabelled>1</unlabelled>`.
    """

    def __init__(self) -> None:
        self._placer = Placer()

    def place(self, row: ExportRow) -> str:
        return self._placer.place(f"JPEGImages/{drop_folders(row.name, _LAYOUT)}", row.name)

    def write(self, rows: Iterable[ExportRow], folder: Path, label_names: list[str], task_type: str) -> None:
        lists: dict[str, IO[str]] = {}
        (folder / "ImageSets/Main").mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            for row in rows:
                image = row.image or self.place(row)
                name = posixpath.splitext(image.removeprefix("JPEGImages/"))[0]
                path = folder / "Annotations" / f"{name}.xml"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(_to_xml(row, image, task_type), encoding="utf-8", errors="replace")
                split = SPLIT_FOLDERS.get(row.split, "train")
                if split not in lists:
                    opened = (folder / f"ImageSets/Main/{split}.txt").open("w", encoding="utf-8", errors="replace")
                    lists[split] = stack.enter_context(opened)
                lists[split].write(f"{name}\n")


def _to_xml(row: ExportRow, image: str, task_type: str) -> str:
    size = f"<width>{row.width}</width><height>{row.height}</height><depth>3</depth>"
    lines = [
        "<annotation>",
        "  <folder>JPEGImages</folder>",
        f"  <filename>{_escape(image.removeprefix('JPEGImages/'))}</filename>",
        f"  <size>{size}</size>",
        f"  <segmented>{int(task_type == TaskType.SEGMENTATION)}</segmented>",
    ]
    if row.label is None:
        lines.append("  <unlabelled>1</unlabelled>")
    for one in row.label or []:
        lines += _object_lines(one, row)
    return "\n".join([*lines, "</annotation>", ""])


def _object_lines(one: dict[str, Any], row: ExportRow) -> list[str]:
    name = one["label"]
    space = "" if name == name.strip() else ' xml:space="preserve"'
    rings = one.get("polygon") or []
    box = enclose(rings) if rings else (one["topX"], one["topY"], one["bottomX"], one["bottomY"])
    corners = zip(("xmin", "ymin", "xmax", "ymax"), to_pixels(box, row.width, row.height), strict=True)
    lines = [
        "  <object>",
        f"    <name{space}>{_escape(name)}</name>",
        f"    <difficult>{int(one.get('isCrowd', 0))}</difficult>",
        f"    <bndbox>{''.join(_element(*corner) for corner in corners)}</bndbox>",
    ]
    for ring in rings:
        values = enumerate(to_pixels(ring, row.width, row.height))
        points = "".join(_element(f"{'xy'[index % 2]}{index // 2 + 1}", value) for index, value in values)
        lines.append(f"    <polygon>{points}</polygon>")
    return [*lines, "  </object>"]


def _element(tag: str, value: float) -> str:
    return f"<{tag}>{value:.3f}</{tag}>"


def _escape(text: str) -> str:
    return escape(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text))
