"""The real sets in their original formats, imported, say the same as their JSON Lines."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vision.catalog.task_types import TaskType
from vision.data.formats.placing import SPLIT_FOLDERS
from vision.data.importing import ImportOptions, ImportResult, import_dataset
from vision.data.manifest import read_rows

pytestmark = pytest.mark.data
CORNERS = ("topX", "topY", "bottomX", "bottomY")
DETECTION_SETS = ["detection_fruits", "detection_raccoon"]
Rows = dict[str, dict[str, Any]]


class NoSink:
    """Keeps nothing: only what the labels say is looked at."""

    def has_image(self, sha256: str) -> bool:
        return True

    def put_image(self, sha256: str, path: Path) -> None: ...

    def put_thumbnail(self, sha256: str, data: bytes) -> None: ...


@pytest.fixture
def data() -> Path:
    return Path(os.environ["DARKROOM_DATA"]) / "data"


@pytest.fixture
def run(tmp_path) -> Callable[[Path], tuple[ImportResult, Rows]]:
    def run_import(source: Path) -> tuple[ImportResult, Rows]:
        work_dir = tmp_path / "work"
        work_dir.mkdir()
        result = import_dataset(source, NoSink(), ImportOptions(work_dir, source.name), lambda phase, fraction: None)
        rows = read_rows(result.manifest).to_pylist()
        return result, {Path(row["path"]).name: row for row in rows}

    return run_import


def read_lines(root: Path) -> Rows:
    """Image name to its JSON line, with its split."""
    found = {}
    for split, part in (("train", "training"), ("validation", "validation")):
        for file in (root / f"{part}-mltable-folder").glob("*.jsonl"):
            for line in file.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                found[Path(row["image_url"]).name] = row | {"split": split}
    return found


def pack(target: Path, root: Path, annotations: Path, images: str) -> Path:
    """A zip of what an annotation zip or file holds, with the set's images under `images`."""
    if annotations.suffix == ".zip":
        shutil.copyfile(annotations, target)
    with zipfile.ZipFile(target, "a") as archive:
        if annotations.suffix != ".zip":
            archive.write(annotations, annotations.name)
        for name, row in read_lines(root).items():
            archive.write(root / row["image_url"], images.format(split=SPLIT_FOLDERS[row["split"]]) + name)
    return target


def check_boxes(rows: Rows, lines: Rows, tolerances: Callable[[dict[str, Any]], tuple[float, float]]) -> None:
    assert rows.keys() == lines.keys()
    for name, row in rows.items():
        x, y = tolerances(row)
        objects, expected = json.loads(row["annotation"]), lines[name]["label"]
        assert [one["label"] for one in objects] == [one["label"] for one in expected], name
        for one, other in zip(objects, expected, strict=True):
            assert one["isCrowd"] == other["isCrowd"]
            for key in CORNERS:
                assert one[key] == pytest.approx(other[key], abs=x if key.endswith("X") else y), name


def half_a_pixel(row: dict[str, Any]) -> tuple[float, float]:
    """The XML of these sets are in whole pixels."""
    return 0.501 / row["width"], 0.501 / row["height"]


@pytest.mark.parametrize("name", DETECTION_SETS)
def test_voc(data, run, name):
    result, rows = run(data / name / "original/voc.zip")
    lines = read_lines(data / name)
    assert (result.format, result.task_type) == ("voc", TaskType.DETECTION)
    check_boxes(rows, lines, half_a_pixel)
    assert {name: row["split"] for name, row in rows.items()} == {name: row["split"] for name, row in lines.items()}
    assert result.report["errors"] == []


def test_voc_without_sizes_is_read_by_the_images(data, run):
    result, _ = run(data / "detection_fruits/original/voc.zip")
    (finding,) = [row for row in result.report["warnings"] if row["code"] == "missing_size"]
    assert finding["message"].startswith("37 annotations")


@pytest.mark.parametrize("name", DETECTION_SETS)
@pytest.mark.parametrize("images", ["images/{split}/", "images/"], ids=["where data.yaml says", "in one folder"])
def test_yolo(data, run, tmp_path, name, images):
    result, rows = run(pack(tmp_path / "yolo.zip", data / name, data / name / "original/yolo_labels_only.zip", images))
    lines = read_lines(data / name)
    assert (result.format, result.task_type) == ("yolo", TaskType.DETECTION)
    check_boxes(rows, lines, lambda row: (1e-3, 1e-3))
    assert {name: row["split"] for name, row in rows.items()} == {name: row["split"] for name, row in lines.items()}
    assert result.report["errors"] == []


def test_folders(data, run):
    result, rows = run(data / "multiclass_flowers/original/imagefolder.zip")
    lines = read_lines(data / "multiclass_flowers")
    assert (result.format, result.task_type) == ("folder", TaskType.CLASSIFICATION)
    assert {name: row["labels"] for name, row in rows.items()} == {name: [row["label"]] for name, row in lines.items()}
    assert result.report["errors"] == []


@pytest.mark.parametrize("name", ["multilabel_fruits", "multilabel_fruit_baskets"])
def test_csv(data, run, tmp_path, name):
    result, rows = run(pack(tmp_path / "csv.zip", data / name, data / name / "original/labels.csv", "images/"))
    lines = read_lines(data / name)
    assert (result.format, result.task_type) == ("csv", TaskType.MULTILABEL)
    assert {name: row["labels"] for name, row in rows.items()} == {name: row["label"] for name, row in lines.items()}
    assert result.report["errors"] == []
    assert "separator_assumed" not in result.report["counts"]["by_code"]
