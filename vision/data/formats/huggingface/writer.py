"""Writing Hugging Face's image folders."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import msgspec

from vision.catalog.task_types import TaskType
from vision.data.formats.base import ExportRow
from vision.data.formats.huggingface.rows import FILE_NAME, OBJECTS
from vision.data.formats.placing import Placer, drop_folders
from vision.data.geometry import to_pixels
from vision.data.records import SPLITS
from vision.data.split_names import guess_split

_encode = msgspec.json.Encoder().encode
_COLUMNS = {TaskType.CLASSIFICATION: "label", TaskType.MULTILABEL: "labels", TaskType.DETECTION: OBJECTS}


class HuggingfaceWriter:
    """<split>/<name> and <split>/metadata.jsonl: what `load_dataset("imagefolder")` reads.

    Boxes are `objects` with `bbox` ([x, y, width, height] in px), `categories` and `iscrowd`. The label of an image
    nobody labelled is null.
    """

    def __init__(self) -> None:
        self._placer = Placer(by_stem=False)

    def place(self, row: ExportRow) -> str:
        name = drop_folders(row.name, lambda folder: bool(guess_split(folder)))
        return self._placer.place(f"{_folder_of(row)}/{name}", row.name)

    def write(self, rows: Iterable[ExportRow], folder: Path, label_names: list[str], task_type: str) -> None:
        files: dict[str, IO[bytes]] = {}
        column = _COLUMNS[TaskType(task_type)]
        with ExitStack() as stack:
            for row in rows:
                split = _folder_of(row)
                if split not in files:
                    (folder / split).mkdir(parents=True, exist_ok=True)
                    files[split] = stack.enter_context((folder / split / "metadata.jsonl").open("wb"))
                image = row.image or self.place(row)
                label = _to_objects(row) if column == OBJECTS else row.label
                entry = {FILE_NAME: image.removeprefix(f"{split}/"), column: label}
                files[split].write(_encode(entry | {"width": row.width, "height": row.height}) + b"\n")


def _folder_of(row: ExportRow) -> str:
    return row.split if row.split in SPLITS else "train"


def _to_objects(row: ExportRow) -> dict[str, list[Any]] | None:
    if row.label is None:
        return None
    return {
        "bbox": [_to_box(one, row) for one in row.label],
        "categories": [one["label"] for one in row.label],
        "iscrowd": [int(one.get("isCrowd", 0)) for one in row.label],
    }


def _to_box(one: dict[str, Any], row: ExportRow) -> list[float]:
    corners = [one[key] for key in ("topX", "topY", "bottomX", "bottomY")]
    left, top, right, bottom = to_pixels(corners, row.width, row.height)
    return [left, top, round(right - left, 3), round(bottom - top, 3)]
