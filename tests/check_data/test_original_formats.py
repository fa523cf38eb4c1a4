"""The six real sets, each in every format it came in, say the same row by row as their JSON Lines."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from vision.catalog.task_types import TaskType
from vision.data.formats.placing import SPLIT_FOLDERS
from vision.data.importing import ImportOptions, ImportResult, import_dataset
from vision.data.manifest import read_rows
from vision.data.masks import fill_rings

pytestmark = pytest.mark.data
CORNERS = ("topX", "topY", "bottomX", "bottomY")
ROUNDED = 1e-4  # of coordinates: COCO and YOLO keep fewer digits than a share needs
STRAY = 16  # px of an instance farther than one from its outline in the JSON Lines, which leave out thin parts
COCO = ["coco_train.json", "coco_val.json"]
IN_ONE_FOLDER = "images/{name}"
Row = dict[str, Any]
Rows = dict[str, Row]
Near = Callable[[Row], tuple[float, float]]


def rounded(row: Row) -> tuple[float, float]:
    return ROUNDED, ROUNDED


def half_a_pixel(row: Row) -> tuple[float, float]:
    """The XML of these sets are in whole pixels."""
    return 0.501 / row["width"], 0.501 / row["height"]


@dataclass(frozen=True)
class Case:
    """One set in one format: its files in `original`, packed with its `images`, "" where the archive holds them.

    `near` is how far a coordinate may be off, in shares of width and height; `more` are files a user adds by hand.
    """

    name: str
    format: str
    task_type: str
    files: list[str]
    images: str = ""
    has_splits: bool = True
    near: Near = rounded
    more: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name}-{self.format}-{self.images.split('{')[0]}".rstrip("-/")


DETECTION, SEGMENTATION = TaskType.DETECTION, TaskType.SEGMENTATION
FRUITS, RACCOON, PEOPLE = "detection_fruits", "detection_raccoon", "segmentation_pennfudan"
YOLO = ["yolo_labels_only.zip"]
TABLE = [
    Case("multiclass_flowers", "folder", TaskType.CLASSIFICATION, ["imagefolder.zip"], has_splits=False),
    Case("multilabel_fruits", "csv", TaskType.MULTILABEL, ["labels.csv"], IN_ONE_FOLDER, has_splits=False),
    Case("multilabel_fruit_baskets", "csv", TaskType.MULTILABEL, ["labels.csv"], IN_ONE_FOLDER, has_splits=False),
    Case(FRUITS, "voc", DETECTION, ["voc.zip"], near=half_a_pixel),
    Case(FRUITS, "yolo", DETECTION, YOLO, IN_ONE_FOLDER, near=lambda row: (1e-3, 1e-3)),
    Case(FRUITS, "yolo", DETECTION, YOLO, "images/{split}/{name}", near=lambda row: (1e-3, 1e-3)),
    Case(FRUITS, "coco", DETECTION, COCO, IN_ONE_FOLDER),
    Case(RACCOON, "voc", DETECTION, ["voc.zip"], near=half_a_pixel),
    Case(RACCOON, "yolo", DETECTION, YOLO, IN_ONE_FOLDER, near=lambda row: (1e-3, 1e-3)),
    Case(RACCOON, "yolo", DETECTION, YOLO, "images/{split}/{name}", near=lambda row: (1e-3, 1e-3)),
    Case(RACCOON, "coco", DETECTION, COCO, IN_ONE_FOLDER),
    Case(PEOPLE, "coco", SEGMENTATION, COCO, IN_ONE_FOLDER),
    Case(
        PEOPLE,
        "instance_masks",
        SEGMENTATION,
        ["pennfudan_masks.zip"],
        has_splits=False,
        more={"PedMasks/classes.txt": "person\n"},  # this archive does not say what its instances are
    ),
]


class NoSink:
    """Keeps nothing: only what the labels say is looked at."""

    def has_image(self, sha256: str) -> bool:
        return True

    def put_image(self, sha256: str, path: Path) -> None: ...

    def put_thumbnail(self, sha256: str, data: bytes) -> None: ...


@pytest.fixture
def data() -> Path:
    return Path(os.environ["DARKROOM_DATA"]) / "data"


def run_import(source: Path, folder: Path) -> tuple[ImportResult, Rows]:
    work_dir = folder / "work"
    work_dir.mkdir()
    result = import_dataset(source, NoSink(), ImportOptions(work_dir, source.name), lambda phase, fraction: None)
    rows = read_rows(result.manifest).to_pylist()
    assert len({Path(row["path"]).name for row in rows}) == len(rows)
    return result, {Path(row["path"]).name: row for row in rows}


def read_lines(root: Path) -> Rows:
    """Image name to its JSON line, with its split."""
    found = {}
    for split, part in (("train", "training"), ("validation", "validation")):
        for file in (root / f"{part}-mltable-folder").glob("*.jsonl"):
            for line in file.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                found[Path(row["image_url"]).name] = row | {"split": split}
    return found


def pack(case: Case, root: Path, lines: Rows, target: Path) -> Path:
    """The original files as one zip, with the images where they do not hold them."""
    first = root / "original" / case.files[0]
    if first.suffix == ".zip":
        shutil.copyfile(first, target)
    with zipfile.ZipFile(target, "a") as archive:
        for file in case.files if first.suffix != ".zip" else []:
            archive.write(root / "original" / file, file)
        for name, text in case.more.items():
            archive.writestr(name, text)
        for name, row in lines.items() if case.images else ():
            place = case.images.format(split=SPLIT_FOLDERS[row["split"]], name=name)
            archive.write(root / row["image_url"], place)
    return target


@pytest.mark.parametrize("case", TABLE, ids=str)
def test_same_rows_as_the_json_lines(case, data, tmp_path):
    lines = read_lines(data / case.name)
    result, rows = run_import(pack(case, data / case.name, lines, tmp_path / f"{case.name}.zip"), tmp_path)
    assert (result.format, result.task_type) == (case.format, case.task_type)
    assert result.report["errors"] == []
    assert rows.keys() == lines.keys()
    for name, row in rows.items():
        assert not case.has_splits or row["split"] == lines[name]["split"], name
        check_label(json.loads(row["annotation"]), lines[name]["label"], row, case)


def test_table_names_every_set_and_every_original(data):
    originals = {(path.parent.parent.name, path.name) for path in data.glob("*/original/*")}
    assert {(case.name, file) for case in TABLE for file in case.files} == originals
    assert len({case.name for case in TABLE}) == 6


def check_label(found: Any, expected: Any, row: Row, case: Case) -> None:
    if case.task_type == SEGMENTATION and case.format == "instance_masks":
        check_masks(found, expected, row)
    elif case.task_type in (DETECTION, SEGMENTATION):
        assert [one["label"] for one in found] == [one["label"] for one in expected], row["path"]
        for one, other in zip(found, expected, strict=True):
            assert one["isCrowd"] == other["isCrowd"]
            check_coordinates(list_rings(one), list_rings(other), case.near(row), row["path"])
    else:
        assert found == expected, row["path"]


def list_rings(one: Row) -> list[list[float]]:
    return one.get("polygon") or [[one[key] for key in CORNERS]]


def check_coordinates(
    found: list[list[float]], expected: list[list[float]], near: tuple[float, float], path: str
) -> None:
    for ring, other in zip(found, expected, strict=True):
        for place, (value, wanted) in enumerate(zip(ring, other, strict=True)):
            assert value == pytest.approx(wanted, abs=near[place % 2]), path


def check_masks(found: list[Row], expected: list[Row], row: Row) -> None:
    """The same instances in any order, each to a pixel around its edge: the JSON Lines cut through those pixels."""
    assert [one["label"] for one in found] == [one["label"] for one in expected], row["path"]
    left = [draw(one, row) for one in found]
    for one in expected:
        mask = draw(one, row)
        best = int(np.argmax([(mask & other).sum() / (mask | other).sum() for other in left]))
        assert count_stray(mask, left[best]) == 0, row["path"]
        assert count_stray(left.pop(best), mask) <= STRAY, row["path"]


def count_stray(mask: np.ndarray, other: np.ndarray) -> int:
    """The pixels of a mask that are farther than one from any of the other."""
    return int((mask & ~binary_dilation(other, np.ones((3, 3)))).sum())


def draw(one: Row, row: Row) -> np.ndarray:
    return fill_rings(one["polygon"], row["width"], row["height"]).astype(bool)


def test_voc_without_sizes_is_read_by_the_images(data, tmp_path):
    result, _ = run_import(data / "detection_fruits/original/voc.zip", tmp_path)
    (finding,) = [row for row in result.report["warnings"] if row["code"] == "missing_size"]
    assert finding["message"].startswith("37 annotations")


def test_separators_of_the_tables_are_not_in_doubt(data, tmp_path):
    case = next(case for case in TABLE if case.format == "csv")
    root = data / case.name
    result, _ = run_import(pack(case, root, read_lines(root), tmp_path / "csv.zip"), tmp_path)
    assert "separator_assumed" not in result.report["counts"]["by_code"]


def test_masks_without_names_are_objects_and_that_is_said(data, tmp_path):
    result, _ = run_import(data / "segmentation_pennfudan/original/pennfudan_masks.zip", tmp_path)
    assert result.label_names == ["object"]
    assert result.report["counts"]["by_code"]["class_name_chosen"] == 1
