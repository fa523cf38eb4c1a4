"""Writing a CSV table of class names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vision.catalog.task_types import TaskType
from vision.data.formats.base import ExportRow
from vision.data.formats.placing import Placer, drop_folders

_PLAIN = re.compile(r"(?!\[)[^\s\"',;|]+")  # a name that can stand among others parted by spaces


class CsvWriter:
    """labels.csv with the columns filename, labels and split; images/<name>.

    Several names are parted by spaces, or written as a JSON list where a class name holds a space or a comma. An empty
    cell is an image nobody labelled for multi-class, and one with nothing on it for multi-label, where `null` stands
    for one nobody labelled.
    """

    def __init__(self) -> None:
        self._placer = Placer(by_stem=False)

    def place(self, row: ExportRow) -> str:
        return self._placer.place(f"images/{drop_folders(row.name, {'images'})}", row.name)

    def write(self, rows: Iterable[ExportRow], folder: Path, label_names: list[str], task_type: str) -> None:
        are_plain = all(_PLAIN.fullmatch(name) and name != "null" for name in label_names)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "labels.csv").open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write("filename,labels,split\n")
            for row in rows:
                several = task_type == TaskType.MULTILABEL
                cell = _join(row.label, are_plain) if several else _to_cell(row.label)
                file.write(",".join(map(_quote, (row.image or self.place(row), cell, row.split))) + "\n")


def _join(label: list[str] | None, are_plain: bool) -> str:
    if label is None:
        return "null"
    return " ".join(label) if are_plain or not label else _to_json(label)


def _to_cell(label: str | None) -> str:
    """A name as it is; as a list of one where reading would take something else from it."""
    if label is None:
        return ""
    return _to_json([label]) if label.startswith("[") or label != label.strip() else label


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _quote(cell: str) -> str:
    is_plain = not any(letter in cell for letter in '",;\t\r\n') and cell == cell.strip()
    return cell if is_plain else '"' + cell.replace('"', '""') + '"'
