"""Figures of small manifests, counted by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.vision.data.manifests import box, manifest, row
from vision.catalog.task_types import TaskType
from vision.data.statistics import describe_manifest, summarize_manifest


def describe(folder: Path, rows: list[dict], task_type: str = TaskType.CLASSIFICATION) -> dict[str, Any]:
    figures = describe_manifest(manifest(folder / "manifest.parquet", rows), task_type)
    assert json.loads(json.dumps(figures)) == figures
    return figures


def boxes(number: int, *labels: Any, **fields: Any) -> dict:
    return row(number, [one if isinstance(one, dict) else box(one) for one in labels], **fields)


def detection(folder: Path, *cells: list[Any], **fields: Any) -> dict[str, Any]:
    rows = [boxes(number, *cell, task_type=TaskType.DETECTION, **fields) for number, cell in enumerate(cells)]
    return describe(folder, rows, TaskType.DETECTION)


def test_summary(tmp_path):
    path = manifest(tmp_path / "m.parquet", [row(0, "b"), row(1, "a", "validation"), row(2, "b")])
    summary = summarize_manifest(path)
    assert (summary.images, summary.labels, summary.splits) == (3, ["a", "b"], {"train": 2, "validation": 1})


def test_images_of_a_class_by_split(tmp_path):
    figures = describe(tmp_path, [row(0, "b"), row(1, "b", "test"), row(2, "a", "validation"), row(3, None)])
    assert figures["labels"] == [
        {"label": "b", "train": 1, "validation": 0, "test": 1, "total": 2},
        {"label": "a", "train": 0, "validation": 1, "test": 0, "total": 1},
    ]
    assert figures["unlabelled"] == 1
    assert "together" not in figures


def test_near_twins(tmp_path):
    figures = describe(tmp_path, [row(0, "Red apple"), row(1, "red_apple "), row(2, "pear")])
    assert figures["near_twins"] == [["Red apple", "red_apple "]]


def test_sizes_are_exact_while_there_are_few(tmp_path):
    rows = [row(0, "a"), row(1, "a"), row(2, "a", width=100, height=30)]
    figures = describe(tmp_path, rows)
    assert figures["sizes"] == {"step": 1, "cells": [[40, 20, 2], [100, 30, 1]]}
    assert figures["width"] == {"min": 40, "median": 40, "max": 100}


def test_many_sizes_share_cells(tmp_path):
    figures = describe(tmp_path, [row(n, "a", width=200 + n, height=640) for n in range(400)])
    sizes = figures["sizes"]
    assert sizes["step"] == 27
    assert [216, 621, 27] in sizes["cells"]
    assert sum(count for _, _, count in sizes["cells"]) == 400
    assert len(sizes["cells"]) == 16


def test_shapes_of_images(tmp_path):
    figures = describe(tmp_path, [row(0, "a", width=100, height=100), row(1, "a", width=410, height=100), row(2, "a")])
    found = {round(entry["from"] * 2**0.25, 3): (entry["count"], entry["rows"]) for entry in figures["image_aspect"]}
    assert found == {1: (1, [0]), 2: (1, [2]), 4: (1, [1])}
    assert figures["stretched_images"] == {"images": 1, "rows": [1]}
    assert figures["small_images"] == {"images": 1, "rows": [2]}


def test_objects_of_a_class_by_split(tmp_path):
    kind = {"task_type": TaskType.DETECTION}
    rows = [boxes(0, "a", "a", "b", **kind), boxes(1, "a", split="validation", **kind), boxes(2, **kind)]
    figures = describe(tmp_path, rows, TaskType.DETECTION)
    first = figures["labels"][0]
    assert (first["label"], first["total"], first["objects"]) == ("a", 2, 3)
    assert first["objects_by_split"] == {"train": 2, "validation": 1, "test": 0}
    assert figures["objects"] == {
        "total": 4,
        "per_image": [{"from": n, "to": n + 1, "count": n != 2} for n in range(4)],
        "images_without": 1,
    }


def test_tiny_and_stretched_objects(tmp_path):
    tiny, long = box("a", (0.5, 0.5, 0.505, 0.6)), box("a", (0.1, 0.1, 0.9, 0.15))
    figures = detection(tmp_path, ["a"], [tiny, tiny], [long, "a"], width=1000, height=1000)
    assert figures["tiny_objects"] == {"objects": 2, "images": 1, "rows": [1]}
    assert figures["stretched_objects"] == {"objects": 3, "images": 2, "rows": [1, 2]}
    smallest = figures["object_area"][0]
    assert (smallest["count"], smallest["rows"]) == (2, [1])
    assert smallest["from"] <= 0.0005 < smallest["to"]


def test_places_overall_and_of_each_class(tmp_path):
    corner = box("b", (0.9, 0.9, 1.0, 1.0))
    figures = detection(tmp_path, ["a", corner], ["a"])
    assert figures["location"][9][7] == 2  # the centre at 0.3, 0.4 of 24 cells
    assert figures["location"][22][22] == 1
    assert sum(map(sum, figures["location"])) == 3
    assert sum(map(sum, figures["location_by_label"]["a"])) == 2
    assert figures["location_by_label"]["b"][22][22] == 1


def test_polygons_count_by_the_boxes_around_them(tmp_path):
    cell = [{"label": "a", "polygon": [[0.0, 0.0, 0.5, 0.0, 0.5, 1.0], [0.5, 0.5, 1.0, 0.5, 1.0, 1.0]], "isCrowd": 0}]
    rows = [row(0, cell, task_type=TaskType.SEGMENTATION)]
    figures = describe(tmp_path, rows, TaskType.SEGMENTATION)
    assert figures["location"][12][12] == 1
    assert figures["object_area"] == [{"from": 1, "to": 10**0.5, "count": 1, "rows": [0]}]


def test_labels_that_stand_together(tmp_path):
    cells = [["a", "b"], ["a", "b"], ["a"], ["c"], []]
    rows = [row(number, cell, task_type=TaskType.MULTILABEL) for number, cell in enumerate(cells)]
    figures = describe(tmp_path, rows, TaskType.MULTILABEL)
    assert figures["together"] == {"labels": ["a", "b", "c"], "images": [[3, 2, 0], [2, 2, 0], [0, 0, 1]]}
    assert [entry["count"] for entry in figures["labels_per_image"]] == [1, 2, 2]
    assert figures["background"] == 1


@pytest.mark.parametrize("task_type", list(TaskType))
def test_nothing_at_all(tmp_path, task_type):
    figures = describe(tmp_path, [], task_type)
    assert figures["labels"] == []
    assert figures["sizes"]["cells"] == []
