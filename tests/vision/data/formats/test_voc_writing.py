"""Writing Pascal VOC, and reading back what was written."""

from __future__ import annotations

import numpy as np
import pytest

from tests.vision.data.formats.uploads import (
    codes,
    export,
    export_and_read,
)
from tests.vision.data.formats.voc_files import CELL, RING
from vision.catalog.task_types import TaskType
from vision.data.formats import ExportRow

DETECTION, SEGMENTATION = TaskType.DETECTION, TaskType.SEGMENTATION

NAMES = ["Flasche groß", " milk & <bottle>", "猫", "can"]


def make_rows(labels):
    splits = ["train", "validation", "test"]
    names = ["a.jpg", "a.png", "b/a.jpg", "JPEGImages/a.jpg", "grün é.jpg", "Annotations/x y.JPG"]
    return [ExportRow(name, splits[n % 3], labels[n % len(labels)], 41, 23) for n, name in enumerate(names)]


def test_boxes_come_back(tmp_path):
    third = {"label": NAMES[0], "topX": 0.333333, "topY": 0.0, "bottomX": 0.666667, "bottomY": 1.0, "isCrowd": 1}
    rows = make_rows([[third, CELL], [], None, [CELL | {"label": NAMES[1]}, CELL | {"label": NAMES[2]}]])
    found, report = export_and_read("voc", rows, tmp_path, NAMES, DETECTION)
    check_same(rows, found, ("topX", "topY", "bottomX", "bottomY"))
    assert codes(report) == []


def test_outlines_come_back(tmp_path):
    several = {"label": NAMES[0], "isCrowd": 1, "polygon": [RING, [0.7, 0.7, 0.9, 0.7, 0.9, 0.999999]]}
    rows = make_rows([[several], [], None, [{"label": NAMES[1], "isCrowd": 0, "polygon": [RING]}]])
    found, report = export_and_read("voc", rows, tmp_path, NAMES, SEGMENTATION)
    check_same(rows, found, ("polygon",))
    assert codes(report) == []


def check_same(rows, found, keys):
    assert sorted(split for split, _ in found.values()) == sorted(row.split for row in rows)
    for row, (split, label) in zip(sorted(rows, key=key_of), sorted(found.values(), key=key_of), strict=True):
        assert split == row.split
        assert (label is None) == (row.label is None)
        for one, other in zip(label or [], row.label or [], strict=True):
            assert (one["label"], one["isCrowd"]) == (other["label"], other["isCrowd"])
            for key in keys:
                assert np.concatenate(np.atleast_2d(one[key])).tolist() == pytest.approx(
                    np.concatenate(np.atleast_2d(other[key])).tolist(), abs=5e-5
                )


def key_of(row):
    split, label = (row.split, row.label) if isinstance(row, ExportRow) else row
    return split, label is None, [one["label"] for one in label or []], str(label)[:60]


def test_what_is_written_has_vocs_layout(tmp_path):
    rows = [ExportRow("a.jpg", "train", [CELL], 40, 20), ExportRow("a.png", "validation", None, 40, 20)]
    upload = export("voc", rows, tmp_path, ["can"], DETECTION)
    assert upload.files == [
        "Annotations/a.xml",
        "Annotations/a_2.xml",
        "ImageSets/Main/train.txt",
        "ImageSets/Main/val.txt",
        "JPEGImages/a.jpg",
        "JPEGImages/a_2.png",
    ]
    text = (tmp_path / "Annotations/a.xml").read_text()
    assert "<xmin>4.000</xmin><ymin>5.000</ymin><xmax>20.000</xmax><ymax>15.000</ymax>" in text
    assert "<unlabelled>1</unlabelled>" in (tmp_path / "Annotations/a_2.xml").read_text()
    assert (tmp_path / "ImageSets/Main/val.txt").read_text() == "a_2\n"
