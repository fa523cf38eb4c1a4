"""Writing YOLO, and reading back what was written."""

from __future__ import annotations

import numpy as np
import pytest

from tests.vision.data.formats.uploads import (
    codes,
    export,
    export_and_read,
    read,
)
from tests.vision.data.formats.yolo_labels import CELL, RING
from vision.catalog.task_types import TaskType
from vision.data.formats import ExportRow
from vision.data.labels import LABEL_READERS
from vision.data.limits import DEFAULT_LIMITS
from vision.data.masks import fill_rings

DETECTION, SEGMENTATION = TaskType.DETECTION, TaskType.SEGMENTATION

NAMES = ["Flasche groß", "milk bottle", "no", "猫"]


def make_rows(labels):
    splits = ["train", "validation", "test"]
    names = ["a.jpg", "a.png", "b/a.jpg", "images/a.jpg", "x/images/labels/grün é.jpg", "x y.JPG", "A.jpg"]
    return [ExportRow(name, splits[n % 3], labels[n % len(labels)], 41, 23) for n, name in enumerate(names)]


def test_boxes_come_back(tmp_path):
    edges = {"label": "no", "topX": 0.333333, "topY": 0.0, "bottomX": 1.0, "bottomY": 1e-6, "isCrowd": 0}
    other = CELL | {"label": NAMES[0], "topX": 0.123457, "bottomX": 0.123462}
    rows = make_rows([[edges, other], [], None, [CELL | {"label": name} for name in NAMES]])
    found, report = export_and_read("yolo", rows, tmp_path, NAMES, DETECTION)
    expected = [(row.split, row.label) for row in rows]
    assert sorted(split for split, _ in found.values()) == sorted(split for split, _ in expected)
    for split, label in found.values():
        (original,) = [one for one in expected if close((split, label), one)][:1]
        expected.remove(original)
    assert codes(report) == []


def close(found, original):
    """Whether split, names and corners are the same, to a millionth or two."""
    (split, label), (other_split, other) = found, original
    if split != other_split or (label is None) != (other is None) or len(label or []) != len(other or []):
        return False
    return all(
        one["label"] == two["label"]
        and all(one[key] == pytest.approx(two[key], abs=2e-6) for key in ("topX", "topY", "bottomX", "bottomY"))
        for one, two in zip(label or [], other or [], strict=True)
    )


def test_boxes_on_the_edge_come_back_without_repairs(tmp_path):
    generator = np.random.default_rng(3)
    ends = np.sort(generator.random((300, 2)).round(6), axis=1)
    ends[::3, 0], ends[1::3, 1] = 0, 1
    boxes = [CELL | {"topX": float(low), "bottomX": float(high)} for low, high in ends if high - low > 2e-6]
    upload = export("yolo", [ExportRow("a.jpg", "train", boxes, 40, 20)], tmp_path, ["can"], DETECTION)
    (record,), _ = read("yolo", upload, DETECTION)
    assert LABEL_READERS[DETECTION](record.label, DEFAULT_LIMITS).repairs == ()


def test_outlines_come_back(tmp_path):
    rows = make_rows([[{"label": name, "isCrowd": 0, "polygon": [RING]} for name in NAMES], [], None])
    found, report = export_and_read("yolo", rows, tmp_path, NAMES, SEGMENTATION)
    assert sorted(found.values(), key=str) == sorted(((row.split, row.label) for row in rows), key=str)
    assert codes(report) == []


def test_rings_of_one_instance_are_joined_without_covering_more(tmp_path):
    rings = [RING, [0.6, 0.1, 0.9, 0.1, 0.9, 0.4, 0.6, 0.4], [0.7, 0.7, 0.95, 0.7, 0.8, 0.95]]
    label = [{"label": "can", "isCrowd": 1, "polygon": rings}]
    upload = export("yolo", [ExportRow("a.jpg", "train", label, 400, 200)], tmp_path, ["can"], SEGMENTATION)
    (record,), _ = read("yolo", upload, SEGMENTATION)
    (instance,) = record.label
    assert len(instance["polygon"]) == 1
    assert instance["isCrowd"] == 0
    before, after = fill_rings(rings, 400, 200), fill_rings(instance["polygon"], 400, 200)
    assert before.sum() > 10_000
    assert np.array_equal(before, after)


def test_what_is_written_has_ultralytics_layout(tmp_path):
    rows = [
        ExportRow("a.jpg", "train", [CELL], 40, 20),
        ExportRow("a.png", "train", [], 40, 20),
        ExportRow("images/b.jpg", "validation", [CELL], 40, 20),
        ExportRow("c.jpg", "test", None, 40, 20),
    ]
    upload = export("yolo", rows, tmp_path, ["can", "milk"], DETECTION)
    assert upload.files == [
        "_unlabelled_/test/c.jpg",
        "data.yaml",
        "images/train/a.jpg",
        "images/train/a_2.png",
        "images/val/b.jpg",
        "labels/train/a.txt",
        "labels/train/a_2.txt",
        "labels/val/b.txt",
    ]
    assert (tmp_path / "labels/train/a.txt").read_text() == "0 0.300000 0.500000 0.400000 0.500000\n"
    assert (tmp_path / "labels/train/a_2.txt").read_text() == ""
    assert (tmp_path / "data.yaml").read_text() == (
        "path: .\ntrain: images/train\nval: images/val\nnames:\n  0: can\n  1: milk\n"
    )
