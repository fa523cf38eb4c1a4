"""Writing COCO."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from vision.data.formats.base import ExportRow
from vision.data.formats.found import enclose
from vision.data.formats.placing import SPLIT_FOLDERS, Placer

_DIGITS = 6  # of a px: divided by the image's size again, nothing of six digits in 0–1 is lost
_encode = msgspec.json.Encoder().encode


class CocoWriter:
    """annotations/instances_{train,val,test}.json and images/{train,val,test}/<name>.

    Boxes and polygons in px as floats; ids count from 1 in each file, classes have the same in all. `file_name` is
    relative to the folder of the split. An image nobody labelled has `"unlabelled": true`, which `CocoReader` heeds.
    """

    def __init__(self) -> None:
        self._placer = Placer(by_stem=False)

    def place(self, row: ExportRow) -> str:
        return self._placer.place(f"images/{_get_split(row)}/{row.name}", row.name)

    def write(self, rows: Iterable[ExportRow], folder: Path, label_names: list[str], task_type: str) -> None:
        (folder / "annotations").mkdir(parents=True, exist_ok=True)
        ids = {name: number for number, name in enumerate(label_names, start=1)}
        with ExitStack() as stack:
            files: dict[str, _SplitFile] = {}
            for row in rows:
                split = _get_split(row)
                if split not in files:
                    path = folder / "annotations" / f"instances_{split}.json"
                    files[split] = stack.enter_context(_SplitFile(path, ids))
                image = row.image or self.place(row)
                files[split].add(row, image.removeprefix(f"images/{split}/"))


class _SplitFile:
    """One JSON: images as they come, annotations kept in a temporary file until the images are at their end."""

    def __init__(self, path: Path, category_ids: dict[str, int]) -> None:
        self._categories = category_ids
        self._images = 0
        self._annotations = 0
        self._file = path.open("wb")
        self._later = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115  closed by `__exit__`
        categories = [{"id": number, "name": name, "supercategory": ""} for name, number in category_ids.items()]
        head = _encode({"info": {"description": "Exported by Darkroom"}, "licenses": [], "categories": categories})
        self._file.write(head[:-1] + b',"images":[')

    def __enter__(self) -> _SplitFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._file, self._later:
            if kind is None:
                self._file.write(b'\n],"annotations":[')
                self._later.seek(0)
                shutil.copyfileobj(self._later, self._file)
                self._file.write(b"\n]}\n")

    def add(self, row: ExportRow, file_name: str) -> None:
        self._images += 1
        image = {"id": self._images, "file_name": file_name, "width": row.width, "height": row.height}
        if row.label is None:
            image["unlabelled"] = True
        self._file.write((b"\n" if self._images == 1 else b",\n") + _encode(image))
        for one in row.label or []:
            self._annotations += 1
            annotation = {"id": self._annotations, "image_id": self._images, **self._describe(one, row)}
            self._later.write((b"\n" if self._annotations == 1 else b",\n") + _encode(annotation))

    def _describe(self, one: dict[str, Any], row: ExportRow) -> dict[str, Any]:
        rings = [_to_pixels(ring, row) for ring in one.get("polygon") or []]
        corners = enclose(rings) if rings else _to_pixels([one[key] for key in _CORNERS], row)
        left, top, right, bottom = corners
        width, height = round(right - left, _DIGITS), round(bottom - top, _DIGITS)
        return {
            "category_id": self._categories[one["label"]],
            "bbox": [left, top, width, height],
            "area": round(sum(map(_measure, rings)) if rings else width * height, 3),
            "iscrowd": int(one.get("isCrowd", 0)),
            "segmentation": rings,
        }


_CORNERS = ("topX", "topY", "bottomX", "bottomY")


def _get_split(row: ExportRow) -> str:
    return SPLIT_FOLDERS.get(row.split, "train")


def _to_pixels(values: Sequence[float], row: ExportRow) -> list[float]:
    return [round(value * (row.height if index % 2 else row.width), _DIGITS) for index, value in enumerate(values)]


def _measure(ring: Sequence[float]) -> float:
    """The area a ring encloses."""
    points = list(zip(ring[::2], ring[1::2], strict=True))
    return (
        abs(sum(x * end_y - end_x * y for (x, y), (end_x, end_y) in zip(points, points[1:] + points[:1], strict=True)))
        / 2
    )
