"""What every format that can be written promises: an export read back is the version it was made from.

Read by the format's own reader, and as the MLTable that lies in every export. What a format cannot keep it must say in
its description.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw

from vision.catalog.task_types import TaskType
from vision.data.exporting import ExportImage, export_rows, list_formats
from vision.data.formats import FORMATS, ExportRow, ReadOptions, detect_format, get_reader
from vision.data.labels import LABEL_READERS, to_values
from vision.data.limits import DEFAULT_LIMITS
from vision.data.report import Report
from vision.data.sources import open_source
from vision.data.upload import Upload

WIDTH, HEIGHT = 1000, 800
NEAR = 1.001e-3
PLAIN = ["bolt", "nut", "washer"]
LABELS = ["bolt", "Mutter ü", "ネジ 6mm", "a, b; c", 'say "x" & <y>', "no", "1"]
NAMES = [
    "1.png",
    "a/1.png",
    "b/1.png",
    "b/1.jpg",
    "deep/er/ü ネジ.png",
    "with space, comma.png",
    "50%20 & #1.png",
    "train/images/x.png",
    "UPPER.PNG",
    "turned.jpg",
    "labels.v2/IMG_0001.png",
    "nothing.png",
    "nobody.png",
    "e.png",
    "f.png",
]
SPLITS = ["train", "train", "validation", "test"]
CASES = [(name, task_type) for task_type in TaskType for name in list_formats(task_type)]


@dataclass(frozen=True)
class Exported:
    """An export, unpacked, and what it was made from."""

    upload: Upload
    images: dict[str, ExportImage]
    task_type: str


def make_label(number: int, task_type: str, labels: list[str]) -> Any:
    """One to four objects or names by turns; one image is background, one nobody labelled."""
    if NAMES[number] == "nobody.png":
        return None
    names = [labels[(number + step) % len(labels)] for step in range(1 + number % 4)]
    if task_type == TaskType.CLASSIFICATION:
        return names[0]
    if NAMES[number] == "nothing.png":
        return []
    if task_type == TaskType.MULTILABEL:
        return list(dict.fromkeys(names))
    corners = [(0.03 + 0.24 * place, 0.0517 + 0.01 * number, 0.2213 + 0.24 * place, 0.6) for place in range(len(names))]
    if task_type == TaskType.DETECTION:
        keys = ("topX", "topY", "bottomX", "bottomY")
        return [
            {"label": name, **dict(zip(keys, corner, strict=True)), "isCrowd": int(number == 5)}
            for name, corner in zip(names, corners, strict=True)
        ]
    return [
        {"label": name, "isCrowd": int(number == 5), "polygon": make_rings(*corner, parts=1 + (number == 6))}
        for name, corner in zip(names, corners, strict=True)
    ]


def make_rings(left: float, top: float, right: float, bottom: float, parts: int) -> list[list[float]]:
    """A pentagon, or two with a gap between them."""
    height = (bottom - top) / (2 * parts - 1)
    rings = []
    for part in range(parts):
        y = top + 2 * part * height
        rings.append([left, y, right, y, right, y + height * 0.8, (left + right) / 2, y + height, left, y + height])
    return [[round(value, 4) for value in ring] for ring in rings]


def make_image(number: int) -> bytes:
    target = io.BytesIO()
    turned = NAMES[number] == "turned.jpg"
    size = (HEIGHT, WIDTH) if turned else (WIDTH, HEIGHT)  # shown upright it has the size of the others
    exif = Image.Exif()
    if turned:
        exif[0x0112] = 6
    kind = "PNG" if NAMES[number].lower().endswith(".png") else "JPEG"
    Image.new("L", size, 10 * number).save(target, kind, exif=exif)
    return target.getvalue()


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    return {name: make_image(number) for number, name in enumerate(NAMES)}


@pytest.fixture(scope="module")
def export(pictures, tmp_path_factory):
    """`export(format, task type)`, each made once."""

    @lru_cache
    def run(format_name: str, task_type: str, labels: tuple[str, ...] = tuple(LABELS)) -> Exported:
        return _export(format_name, task_type, list(labels), pictures, tmp_path_factory.mktemp("export"))

    return run


def _export(format_name: str, task_type: str, labels: list[str], pictures: dict[str, bytes], folder: Path) -> Exported:
    images = {}
    for number, name in enumerate(NAMES):
        label = make_label(number, task_type, labels)
        images[name] = ExportImage(ExportRow(name, SPLITS[number % 4], label, WIDTH, HEIGHT), name)
    target = folder / "export.zip"

    def open_image(name: str) -> io.BytesIO:
        return io.BytesIO(pictures[name])

    export_rows(images.values(), open_image, target, format_name, labels, task_type, lambda count: None)
    upload = open_source(target, folder / "upload", target.name, DEFAULT_LIMITS, lambda done: None)
    return Exported(upload, images, task_type)


def read_back(exported: Exported, format_name: str, pictures: dict[str, bytes]) -> tuple[dict[str, tuple], Report]:
    """Split and canonical label of each image, by the name it had."""
    by_content = {content: name for name, content in pictures.items()}
    report = Report()
    options = ReadOptions(task_type=exported.task_type)
    found: dict[str, tuple] = {}
    for record in get_reader(format_name).read(exported.upload, options, report):
        name = by_content[exported.upload.path(record.image).read_bytes()]
        assert name not in found, f"{name} is there twice"
        cell = LABEL_READERS[exported.task_type](record.label, DEFAULT_LIMITS)
        found[name] = (record.split, to_values(record.label), cell.repairs)
    return found, report


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def case(request):
    return request.param


def test_own_reader_gives_the_same_rows(case, export, pictures):
    format_name, task_type = case
    check_rows(export(format_name, task_type), format_name, pictures)


def test_table_in_the_export_gives_the_same_rows(case, export, pictures):
    check_rows(export(*case), "jsonl", pictures)


def test_export_without_its_table_is_recognised(case, export):
    format_name, task_type = case
    upload = export(format_name, task_type, tuple(PLAIN)).upload
    if format_name != "jsonl":
        files = [file for file in upload.files if "-mltable-folder/" not in file]
        upload = Upload(upload.root, files)
    assert detect_format(upload).format == format_name
    assert get_reader(format_name).guess_task_type(upload, "label") in (task_type, "")


def test_no_two_images_share_a_place(case, export):
    upload = export(*case).upload
    pictures = [file for file in upload.images if not file.startswith("masks/")]
    assert len(pictures) >= len(NAMES)
    assert len({file.casefold() for file in upload.files}) == len(upload.files)


def check_rows(exported: Exported, format_name: str, pictures: dict[str, bytes]) -> None:
    found, report = read_back(exported, format_name, pictures)
    lost = FORMATS.get(format_name).description
    counts = report.to_dict()["counts"]
    assert counts["errors"] == 0, report.to_dict()["errors"]
    assert found.keys() == exported.images.keys()
    for name, image in exported.images.items():
        split, label, repairs = found[name]
        assert split == image.row.split, name
        assert not repairs, (name, repairs)
        check_label(name, label, image.row.label, exported.task_type, keeps_crowd="isCrowd is lost" not in lost)


def check_label(name: str, found: Any, expected: Any, task_type: str, keeps_crowd: bool) -> None:
    if task_type in (TaskType.CLASSIFICATION, TaskType.MULTILABEL) or not expected:
        assert found == expected, name
        return
    assert len(found) == len(expected), name
    left = list(found)
    for one in expected:
        same = [other for other in left if other["label"] == one["label"]]
        match = next((other for other in same if is_same(one, other, task_type)), None)
        assert match is not None, f"{name}: {one} is not among {left}"
        assert not keeps_crowd or int(match.get("isCrowd", 0)) == one["isCrowd"], f"{name}: isCrowd"
        left.remove(match)


def is_same(one: dict[str, Any], other: dict[str, Any], task_type: str) -> bool:
    if task_type == TaskType.DETECTION:
        return all(abs(float(other[key]) - one[key]) <= NEAR for key in ("topX", "topY", "bottomX", "bottomY"))
    first, second = one["polygon"], other["polygon"]
    if [len(ring) for ring in first] == [len(ring) for ring in second]:
        pairs = zip(chain(*first), chain(*second), strict=True)
        if all(abs(left - right) <= NEAR for left, right in pairs):
            return True
    return overlap(first, second) > 0.97


def overlap(first: list[list[float]], second: list[list[float]]) -> float:
    """Intersection over union of what the rings enclose."""
    one, two = draw(first), draw(second)
    both = ImageChops.logical_and(one, two).histogram()[-1]
    return both / max(1, ImageChops.logical_or(one, two).histogram()[-1])


def draw(rings: list[list[float]]) -> Image.Image:
    picture = Image.new("1", (WIDTH // 2, HEIGHT // 2))
    for ring in rings:
        points = [(x * WIDTH / 2, y * HEIGHT / 2) for x, y in zip(ring[::2], ring[1::2], strict=True)]
        ImageDraw.Draw(picture).polygon(points, fill=1)
    return picture
