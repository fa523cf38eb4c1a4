"""Writing pictures of instance numbers."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from vision.data.formats.base import ExportRow
from vision.data.formats.found import enclose
from vision.data.formats.instance_masks.sidecar import LIST, NAME, SidecarEntry, SidecarInstance
from vision.data.formats.placing import SPLIT_FOLDERS, Placer
from vision.data.id_masks import write_id_mask
from vision.data.masks import paint_rings

_encode = msgspec.json.Encoder().encode


class InstanceMasksWriter:
    """images/{train,val,test}/<name>, masks/{train,val,test}/<stem>.png and masks/instances.json.

    A mask is grey of 16 bits, 0 where no instance is, else the instance's place in the label from 1. Where instances
    overlap the smaller one is seen. The JSON names the class of each; an image nobody labelled has no mask there.
    """

    def __init__(self) -> None:
        self._placer = Placer()

    def place(self, row: ExportRow) -> str:
        return self._placer.place(f"images/{_get_split(row)}/{row.name}", row.name)

    def write(self, rows: Iterable[ExportRow], folder: Path, label_names: list[str], task_type: str) -> None:
        (folder / "masks").mkdir(parents=True, exist_ok=True)
        with (folder / "masks" / NAME).open("wb") as file:
            file.write(b'{"classes":' + _encode(label_names) + b',"' + LIST.encode() + b'":[')
            for number, row in enumerate(rows):
                file.write(b",\n" if number else b"\n")
                self._write_row(row, row.image or self.place(row), folder, file)
            file.write(b"\n]}\n")

    def _write_row(self, row: ExportRow, image: str, folder: Path, file: IO[bytes]) -> None:
        entry = SidecarEntry(image, split=row.split)
        if row.label is not None:
            entry.mask = f"masks/{posixpath.splitext(image.removeprefix('images/'))[0]}.png"
            write_id_mask(_draw(row), folder / entry.mask)
            entry.instances = [
                SidecarInstance(number, one["label"], int(one.get("isCrowd", 0)))
                for number, one in enumerate(row.label, start=1)
            ]
        file.write(_encode(entry))


def _get_split(row: ExportRow) -> str:
    return SPLIT_FOLDERS.get(row.split, "train")


def _draw(row: ExportRow) -> NDArray[np.uint16]:
    """The numbers of the instances, the large ones first, so that the small ones stay to be seen."""
    canvas = np.zeros((row.height, row.width), np.uint16)
    sizes = [_measure_box(one["polygon"]) for one in row.label]
    for place in sorted(range(len(sizes)), key=lambda place: -sizes[place]):
        _draw_instance(canvas, row.label[place], place + 1)
    return canvas


def _draw_instance(canvas: NDArray[np.uint16], one: dict[str, Any], number: int) -> None:
    rings = one["polygon"]
    paint_rings(canvas, rings, number)
    height, width = canvas.shape
    left, top, right, bottom = enclose(rings)
    rows = slice(int(top * height), int(bottom * height) + 1)
    columns = slice(int(left * width), int(right * width) + 1)
    if not (canvas[rows, columns] == number).any():  # so small or thin that it holds no pixel's centre
        x, y = min(width - 1, int((left + right) / 2 * width)), min(height - 1, int((top + bottom) / 2 * height))
        canvas[y, x] = number


def _measure_box(rings: Sequence[Sequence[float]]) -> float:
    left, top, right, bottom = enclose(rings)
    return (right - left) * (bottom - top)
