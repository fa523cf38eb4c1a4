"""Edits of a version's rows, each seen in the manifest that comes out of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.vision.data.manifests import box, manifest, read, row
from vision.catalog.task_types import TaskType
from vision.data.deriving import apply_edit, plan_edit
from vision.data.edits import read_edit
from vision.data.filtering import ALL_ROWS, RowFilter
from vision.errors import InvalidDatasetError, InvalidDocumentError

CLASSES, NAMES, BOXES = TaskType.CLASSIFICATION, TaskType.MULTILABEL, TaskType.DETECTION
COLOURS = ["red", "green", "blue"]


def colours(count: int = 15) -> list[dict]:
    return [row(number, COLOURS[number % 3]) for number in range(count)]


def chosen(*rows: int) -> RowFilter:
    return RowFilter(rows=rows)


def edit(tmp_path, rows, task_type, action, selection=ALL_ROWS, **fields):
    """The plan and the rows after an edit."""
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    source = manifest(folder / "source.parquet", rows)
    document = read_edit({"action": action, **fields}, task_type)
    plan = plan_edit(source, task_type, document, selection)
    return plan, read(apply_edit(source, task_type, document, selection, folder).manifest)


def test_move_counts_only_rows_that_are_not_there_yet(tmp_path):
    rows = [*colours(), row(15, "red", "test")]
    plan, after = edit(tmp_path, rows, CLASSES, "move", chosen(3, 4, 15), split="test")
    assert (plan.count, plan.text) == (2, "Moved 2 images to test")
    assert [one["row"] for one in after if one["split"] == "test"] == [3, 4, 15]
    assert [one["path"] for one in after] == [one["path"] for one in rows]


def test_filter_chooses_as_the_page_does(tmp_path):
    plan, after = edit(tmp_path, colours(30), CLASSES, "move", RowFilter(labels=("red",)), split="val")
    assert plan.text == "Moved 10 images to validation"
    assert {one["labels"][0] for one in after if one["split"] == "validation"} == {"red"}


def test_dropped_rows_are_gone_and_the_rest_is_numbered_from_0(tmp_path):
    plan, after = edit(tmp_path, colours(), CLASSES, "drop", chosen(0, 7, 14))
    assert plan.text == "Dropped 3 images"
    assert [one["row"] for one in after] == list(range(12))
    assert [one["path"] for one in after][:2] == ["images/1.jpg", "images/2.jpg"]


@pytest.mark.parametrize(("action", "fields"), [("drop", {}), ("move", {"split": "validation"})])
def test_too_few_training_images_are_refused_with_their_number(tmp_path, action, fields):
    with pytest.raises(InvalidDatasetError, match="9 training images would be left; at least 10"):
        edit(tmp_path, colours(), CLASSES, action, chosen(*range(6)), **fields)


def test_set_without_training_images_may_stay_small(tmp_path):
    rows = [row(number, "red", "validation") for number in range(5)]
    assert len(edit(tmp_path, rows, CLASSES, "drop", chosen(0, 1))[1]) == 3
    with pytest.raises(InvalidDatasetError, match="0 training images"):
        edit(tmp_path, rows, CLASSES, "drop")


def test_dropping_every_label_is_refused(tmp_path):
    rows = [row(number, None if number else "red") for number in range(12)]
    with pytest.raises(InvalidDatasetError, match="No image would have a label"):
        edit(tmp_path, rows, CLASSES, "drop", chosen(0))
    with pytest.raises(InvalidDatasetError, match="No image would have a label"):
        edit(tmp_path, [row(number, ["a"], task_type=NAMES) for number in range(12)], NAMES, "relabel", label="a")


def test_nothing_to_change_is_said(tmp_path):
    with pytest.raises(InvalidDatasetError, match="No image would change"):
        edit(tmp_path, colours(), CLASSES, "relabel", chosen(0), new_label="red")


def test_multi_class_relabel(tmp_path):
    rows = colours()
    rows[4] = row(4, None)
    plan, after = edit(tmp_path, rows, CLASSES, "relabel", chosen(0, 1, 4), new_label="grün's")
    assert plan.text == 'Labelled 3 images "grün\'s"'
    changed = [after[number] for number in (0, 1, 4)]
    assert [(one["annotation"], one["labels"], one["objects"]) for one in changed] == [("grün's", ["grün's"], 1)] * 3
    assert after[2]["annotation"] == "blue"


@pytest.mark.parametrize(
    ("fields", "text", "names"),
    [
        ({"new_label": "c"}, "Added 'c' to 3 images", [["a", "b", "c"], ["c"], ["b", "c"]]),
        ({"label": "a"}, "Took 'a' off 1 image", [["b"], None, ["b"]]),
        ({"label": "a", "new_label": "b"}, "Relabelled 'a' as 'b' on 1 image", [["b"], None, ["b"]]),
    ],
)
def test_multi_label_relabel(tmp_path, fields, text, names):
    cells = [["a", "b"], None, ["b"], *([["a"]] * 10)]
    rows = [row(number, cell, task_type=NAMES) for number, cell in enumerate(cells)]
    plan, after = edit(tmp_path, rows, NAMES, "relabel", chosen(0, 1, 2), **fields)
    assert plan.text == text
    assert [one["annotation"] for one in after[:3]] == names
    assert after[0]["labels"] == names[0]


def test_objects_are_relabelled_by_class_or_all_or_taken_off(tmp_path):
    cells = [[box("a"), box("b", crowd=1)], [], None, *([[box("a")]] * 10)]
    rows = [row(number, cell, task_type=BOXES) for number, cell in enumerate(cells)]
    some = chosen(0, 1, 2)

    plan, after = edit(tmp_path, rows, BOXES, "relabel", some, label="a", new_label="c")
    assert plan.count == 1
    assert after[0]["annotation"] == [box("c"), box("b", crowd=1)]
    assert (after[0]["labels"], after[0]["objects"]) == (["c", "b"], 2)

    _, after = edit(tmp_path, rows, BOXES, "relabel", some, new_label="c")
    assert [one["annotation"] for one in after[:3]] == [[box("c"), box("c", crowd=1)], [], None]
    assert after[0]["labels"] == ["c"]

    _, after = edit(tmp_path, rows, BOXES, "relabel", some, label="a")
    assert after[0]["annotation"] == [box("b", crowd=1)]


def test_polygons_keep_every_digit(tmp_path):
    ring = [0.1, 1 / 3, 0.7000000000000001, 0.2, 0.5, 0.9999999]
    cell = [{"label": "a", "isCrowd": 0, "polygon": [ring]}]
    rows = [row(number, cell, task_type=TaskType.SEGMENTATION) for number in range(12)]
    _, after = edit(tmp_path, rows, TaskType.SEGMENTATION, "rename", label="a", new_label="b")
    assert after[5]["annotation"] == [{"label": "b", "isCrowd": 0, "polygon": [ring]}]


def test_rename_is_everywhere_and_merges(tmp_path):
    plan, after = edit(tmp_path, colours(), CLASSES, "rename", chosen(0), label="red", new_label="rot")
    assert plan.text == "Renamed 'red' to 'rot' on 5 images"
    assert {one["annotation"] for one in after} == {"rot", "green", "blue"}
    plan, after = edit(tmp_path, colours(), CLASSES, "rename", label=["red", "green", "blue"], new_label="blue")
    assert plan.count == 10
    assert {one["annotation"] for one in after} == {"blue"}


def test_merged_names_stand_once(tmp_path):
    rows = [row(number, ["a", "x", "b"], task_type=NAMES) for number in range(12)]
    _, after = edit(tmp_path, rows, NAMES, "rename", label=["a", "b"], new_label="c")
    assert (after[0]["annotation"], after[0]["labels"], after[0]["objects"]) == (["c", "x"], ["c", "x"], 2)


def test_split_shares_all_rows_out_and_keeps_groups(tmp_path):
    rows = [row(number, COLOURS[number % 3], "test", group=f"part{number // 4}") for number in range(60)]
    _, after = edit(tmp_path, rows, CLASSES, "split", validation_fraction=0.3, test_fraction=0.1, seed=3)
    assert {one["split"] for one in after} <= {"train", "validation", "test"}
    assert sum(one["split"] == "train" for one in after) >= 20
    by_group: dict[str, set[str]] = {}
    for one in after:
        by_group.setdefault(one["group"], set()).add(one["split"])
    assert all(len(splits) == 1 for splits in by_group.values())
    again = edit(tmp_path, rows, CLASSES, "split", validation_fraction=0.3, test_fraction=0.1, seed=3)[1]
    assert [one["split"] for one in again] == [one["split"] for one in after]


def test_rows_pass_group_by_group(tmp_path, monkeypatch):
    from vision.data import manifest as module

    monkeypatch.setattr(module, "ROW_GROUP", 7)
    rows = colours(50)
    _, after = edit(tmp_path, rows, CLASSES, "relabel", chosen(6, 7, 49), new_label="x")
    assert [one["row"] for one in after if one["annotation"] == "x"] == [6, 7, 49]
    assert len(after) == 50


WRONG = [
    ({"action": "paint"}, "action"),
    ({"action": "move"}, "split"),
    ({"action": "move", "split": "everything"}, "split"),
    ({"action": "rename", "label": "a"}, "label"),
    ({"action": "relabel"}, "new_label"),
    ({"action": "relabel", "label": "a"}, "new_label"),
    ({"action": "relabel", "new_label": "a\x00"}, "new_label"),
    ({"action": "rename", "label": ["a"], "new_label": "a"}, "new_label"),
    ({"action": "relabel", "label": 3, "new_label": "a"}, "label"),
    ({"action": "split", "validation_fraction": 0.7, "test_fraction": 0.3}, "validation_fraction"),
    ({"action": "split", "validation_fraction": "NaN"}, "validation_fraction"),
    ({"action": "drop", "everything": True}, "everything"),
]


@pytest.mark.parametrize(("document", "field"), WRONG)
def test_wrong_documents_name_the_field(document, field):
    with pytest.raises(InvalidDocumentError) as caught:
        read_edit(document, CLASSES)
    assert caught.value.details[0].path == field
    assert caught.value.code == "invalid_edit"
