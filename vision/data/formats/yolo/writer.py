"""Writing YOLO detection and segmentation data sets."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vision.data.formats.base import ExportRow
from vision.data.formats.placing import SPLIT_FOLDERS, UNLABELLED_FOLDER, Placer, drop_folders
from vision.data.formats.yolo.layout import is_unlabelled, list_label_paths
from vision.data.formats.yolo.merging import merge_rings
from vision.spec.documents import write_document

_LAYOUT = {"images", "labels", UNLABELLED_FOLDER}
_UNITS = 1_000_000  # in 1: six decimals


class YoloWriter:
    """data.yaml, images/<split>/<name> and labels/<split>/<name>.txt, `val` for validation.

    YOLO holds one ring for each object: several are joined by cuts without width, as Ultralytics' converter does. It
    does not hold `isCrowd`. Images nobody labelled would be background there, so they lie under
    `_unlabelled_/<split>/`, which data.yaml does not list and our reader knows.
    """

    def __init__(self) -> None:
        self._placer = Placer()

    def place(self, row: ExportRow) -> str:
        folder = "images" if row.label is not None else UNLABELLED_FOLDER
        split = SPLIT_FOLDERS.get(row.split, "train")
        return self._placer.place(f"{folder}/{split}/{drop_folders(row.name, _LAYOUT)}", row.name)

    def write(self, rows: Iterable[ExportRow], folder: Path, label_names: list[str], task_type: str) -> None:
        numbers = {name: number for number, name in enumerate(label_names)}
        splits: set[str] = set()
        for row in rows:
            image = row.image or self.place(row)
            if is_unlabelled(image):
                continue
            splits.add(image.split("/")[1])
            path = folder / list_label_paths(image)[0]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(_to_line(one, numbers) for one in row.label or []), encoding="utf-8")
        lists = {split: f"images/{split}" for split in SPLIT_FOLDERS.values() if split in splits}
        document: dict[str, Any] = {"path": ".", **lists, "names": dict(enumerate(label_names))}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "data.yaml").write_text(write_document(document), encoding="utf-8")


def _to_line(one: dict[str, Any], numbers: dict[str, int]) -> str:
    if one.get("polygon"):
        values = one["polygon"][0] if len(one["polygon"]) == 1 else merge_rings(one["polygon"])
    else:
        x, width = _to_centre(one["topX"], one["bottomX"])
        y, height = _to_centre(one["topY"], one["bottomY"])
        values = [x, y, width, height]
    return " ".join([str(numbers[one["label"]]), *(f"{value:.6f}" for value in values)]) + "\n"


def _to_centre(low: float, high: float) -> tuple[float, float]:
    """Centre and length whose six decimals say exactly where both ends are, so that no box leaves the image."""
    start, end = round(low * _UNITS), round(high * _UNITS)
    if (end - start) % 2:
        start, end = (start, end - 1) if end - start > 1 else (start - 1, end) if start else (start, end + 1)
    return (start + end) / 2 / _UNITS, (end - start) / _UNITS
