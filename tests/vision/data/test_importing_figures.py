"""What an import works out beside its rows: figures, problems of a row, groups and splits."""

from __future__ import annotations

import json

import pytest

from tests.datasets.factories import dataset_files, image_bytes, json_lines
from tests.vision.data.imports import BOX, RING, rows_of, with_cells, with_lines
from vision.data.options import ImportSettings

pytestmark = pytest.mark.heavy


def test_statistics(run):
    statistics = run(dataset_files()).statistics
    assert statistics["labels"][0] == {"label": "red", "train": 4, "validation": 2, "test": 0, "total": 6}
    assert statistics["formats"] == {"jpeg": 16}
    assert statistics["width"]["min"] == 24
    assert sum(entry["count"] for entry in statistics["longest_side"]) == 16


@pytest.mark.parametrize(
    ("cell", "task_type", "labels", "objects"),
    [
        (["a", "b"], "image_classification_multilabel", ["a", "b"], 2),
        ([BOX, BOX | {"topX": 0.3}, BOX | {"label": "milk"}], "image_object_detection", ["can", "milk"], 3),
        ([{"label": "can", "isCrowd": 1, "polygon": [RING]}], "image_instance_segmentation", ["can"], 1),
    ],
)
def test_every_task_type(run, cell, task_type, labels, objects):
    result = run(with_cells([cell] * 12))
    assert (result.task_type, result.label_names) == (task_type, labels)
    row = rows_of(result)[0]
    assert (row["labels"], row["objects"], row["problems"]) == (labels, objects, [])
    assert json.loads(row["annotation"]) == cell


def test_figures_of_objects(run):
    statistics = run(with_cells([[BOX, BOX | {"topX": 0.3}]] * 11 + [[]])).statistics
    assert statistics["objects"]["total"] == 22
    assert statistics["objects"]["images_without"] == statistics["background"] == 1
    (label,) = statistics["labels"]
    by_split = label.pop("objects_by_split")
    assert label == {"label": "can", "train": 11, "validation": 0, "test": 0, "total": 11, "objects": 22}
    assert by_split == {"train": 22, "validation": 0, "test": 0}
    assert sum(sum(row) for row in statistics["location"]) == 22
    assert statistics["location"][9][12] == 22
    assert [entry["count"] for entry in statistics["object_area"]] == [22]


def test_figures_of_polygons_are_those_of_their_boxes(run):
    statistics = run(with_cells([[{"label": "can", "isCrowd": 0, "polygon": [RING]}]] * 11)).statistics
    assert statistics["location"][9][12] == 11
    (area,) = statistics["object_area"]
    assert area["from"] <= 0.125 < area["to"]


def test_a_row_knows_its_problems(run):
    result = run(with_lines(['{"image_url": "images/0.jpg", "label": ["blue"]}']))
    rows = rows_of(result)
    assert rows[-1]["problems"] == ["conflicting_labels", "repaired_label"]
    assert all(row["problems"] == [] for row in rows[:-1])


def test_images_that_no_annotation_names_are_said_once(run):
    result = run(with_lines([]) | {"images/extra.jpg": image_bytes(size=(77, 77))})
    (row,) = [row for row in result.report["warnings"] if row["code"] == "unlisted_images"]
    assert row["message"].startswith("1 image of the upload is named")
    assert "images/extra.jpg" in row["message"]


def test_new_splits_are_made_when_asked(run):
    settings = ImportSettings(split="assign", validation_fraction=0.25, test_fraction=0.25, seed=3)
    files = with_lines([], images=40)
    first, second = run(files, settings=settings), run(files, settings=settings)
    assert set(first.split_counts) == {"train", "validation", "test"}
    assert [row["split"] for row in rows_of(first)] == [row["split"] for row in rows_of(second)]


def test_groups_by_a_pattern_stay_in_one_split(run):
    files = {f"images/part{n % 8}_{n}.jpg": image_bytes(size=(20 + n, 20)) for n in range(48)}
    files["a.jsonl"] = json_lines([{"image_url": name, "label": "red"} for name in files])
    settings = ImportSettings(
        split="assign", group_pattern=r"(part\d)_", validation_fraction=0.3, keeps_near_duplicates_together=False
    )
    splits: dict = {}
    for row in rows_of(run(files, settings=settings)):
        assert row["group"] == row["path"][7:12]
        splits.setdefault(row["group"], set()).add(row["split"])
    assert all(len(found) == 1 for found in splits.values())
    assert {split for found in splits.values() for split in found} == {"train", "validation"}


def test_same_picture_twice_is_one_group(run):
    files = with_lines(['{"image_url": "images/copy.jpg", "label": "red"}'])
    files["images/copy.jpg"] = files["images/0.jpg"]
    rows = rows_of(run(files))
    assert rows[0]["group"] == rows[-1]["group"] != ""
