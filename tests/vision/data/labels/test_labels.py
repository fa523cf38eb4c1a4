from __future__ import annotations

import json

import pytest

from vision.catalog.task_types import TaskType
from vision.data.labels import LABEL_READERS, UNLABELLED, InvalidLabelError, guess_task_type
from vision.data.limits import DEFAULT_LIMITS

BOX = {"label": "can", "topX": 0.25, "topY": 0.5, "bottomX": 0.75, "bottomY": 1.0, "isCrowd": 0}
RING = [0.1, 0.1, 0.5, 0.1, 0.5, 0.6]
INSTANCE = {"label": "can", "isCrowd": 0, "polygon": [RING]}


def read(task_type, cell):
    return LABEL_READERS[task_type](cell, DEFAULT_LIMITS)


def read_objects(task_type, cell):
    found = read(task_type, cell)
    return json.loads(found.annotation), found.repairs


@pytest.mark.parametrize(
    ("task_type", "cell", "names"),
    [
        (TaskType.CLASSIFICATION, "cat", ("cat",)),
        (TaskType.MULTILABEL, ["cat", "indoor"], ("cat", "indoor")),
        (TaskType.MULTILABEL, [], ()),
        (TaskType.DETECTION, [BOX, BOX | {"label": "milk"}], ("can", "milk")),
        (TaskType.DETECTION, [], ()),
        (TaskType.SEGMENTATION, [INSTANCE], ("can",)),
    ],
)
def test_what_azure_writes_is_taken_as_it_is(task_type, cell, names):
    found = read(task_type, cell)
    assert (found.names, found.repairs) == (names, ())
    assert json.loads(found.annotation) == cell


@pytest.mark.parametrize("task_type", list(TaskType))
def test_nobody_labelled_it(task_type):
    assert read(task_type, None) == UNLABELLED


@pytest.mark.parametrize("task_type", list(TaskType))
def test_reading_the_canonical_cell_again_changes_nothing(task_type):
    cells = {
        TaskType.CLASSIFICATION: 7,
        TaskType.MULTILABEL: ["a", "a", "b"],
        TaskType.DETECTION: {**BOX, "topX": "0.9", "isCrowd": "true"},
        TaskType.SEGMENTATION: {**INSTANCE, "polygon": [[x, y] for x, y in zip(RING[::2], RING[1::2], strict=True)]},
    }
    first = read(task_type, cells[task_type])
    again = read(task_type, json.loads(first.annotation))
    assert first.repairs
    assert (again.names, again.annotation, again.repairs) == (first.names, first.annotation, ())


@pytest.mark.parametrize(
    ("cell", "expected", "words"),
    [
        (BOX, [BOX], "list of one object"),
        ([BOX | {"topX": "0.25", "bottomY": " 1.0 "}], [BOX], "written as text"),
        ([BOX | {"topX": 0.75, "bottomX": 0.25}], [BOX], "wrong way round"),
        ([BOX | {"isCrowd": "true"}], [BOX | {"isCrowd": 1}], "isCrowd"),
        ([BOX | {"isCrowd": True}], [BOX | {"isCrowd": 1}], None),
        ([BOX | {"bottomY": 1.0000001}], [BOX], "rounding error"),
        ([BOX | {"bottomY": 1.2}], [BOX], "cut off"),
        ([BOX | {"topY": 1.001, "bottomY": 0.5}], [BOX], "wrong way round"),
        ([BOX, BOX | {"bottomX": 0.25}], [BOX], "no area"),
        ([BOX | {"label": 3}], [BOX | {"label": "3"}], "number 3"),
        ([BOX | {"bbox": "null"}], [BOX], None),
    ],
)
def test_certain_repairs_of_boxes_are_made_and_said(cell, expected, words):
    objects, repairs = read_objects(TaskType.DETECTION, cell)
    assert objects == expected
    assert words is None or words in " ".join(repairs)


def test_the_sample_of_azures_documentation_page():
    cell = {"label": "can", "topX": "0.260", "topY": "0.406", "bottomX": "0.235", "bottomY": "0.701", "isCrowd": "true"}
    objects, repairs = read_objects(TaskType.DETECTION, cell)
    assert objects == [{"label": "can", "topX": 0.235, "topY": 0.406, "bottomX": 0.26, "bottomY": 0.701, "isCrowd": 1}]
    assert len(repairs) == 4


@pytest.mark.parametrize(
    ("cell", "expected", "words"),
    [
        ([{**INSTANCE, "polygon": RING}], [INSTANCE], "list of one ring"),
        ([{**INSTANCE, "polygon": [RING, [0.1, 0.1]]}], [INSTANCE], "encloses nothing"),
        ([INSTANCE, {**INSTANCE, "polygon": []}], [INSTANCE], "no area"),
        ([{**INSTANCE, "bbox": "null"}], [INSTANCE], None),
        ([{"label": "can", "polygon": [RING]}], [INSTANCE], None),
    ],
)
def test_certain_repairs_of_polygons_are_made_and_said(cell, expected, words):
    objects, repairs = read_objects(TaskType.SEGMENTATION, cell)
    assert objects == expected
    assert words is None or words in " ".join(repairs)


@pytest.mark.parametrize(
    ("task_type", "cell", "words"),
    [
        (TaskType.CLASSIFICATION, ["a", "b"], "2 of them"),
        (TaskType.CLASSIFICATION, {"a": 1}, "an object"),
        (TaskType.CLASSIFICATION, True, "true or false"),
        (TaskType.CLASSIFICATION, " ", "empty"),
        (TaskType.CLASSIFICATION, "a\x00b", "control characters"),
        (TaskType.CLASSIFICATION, "\ud800", "control characters"),
        (TaskType.CLASSIFICATION, "x" * 201, "201 characters"),
        (TaskType.MULTILABEL, {"a": 1}, "an object"),
        (TaskType.MULTILABEL, ["a", None], "null"),
        (TaskType.DETECTION, "can", "list of objects"),
        (TaskType.DETECTION, [3], "Object 1 is a number"),
        (TaskType.DETECTION, [{"label": "can"}], "no topX and no topY"),
        (TaskType.DETECTION, [{key: BOX[key] for key in BOX if key != "label"}], "no label"),
        (TaskType.DETECTION, [BOX | {"topX": 120, "bottomX": 300}], "pixels"),
        (TaskType.DETECTION, [BOX | {"topX": 1.4, "bottomX": 0.9}], "from 1.4 to 0.9, backwards and beyond"),
        (TaskType.DETECTION, [BOX | {"topY": 0.2, "bottomY": -0.1}], "from 0.2 to -0.1, backwards and beyond"),
        (TaskType.DETECTION, [BOX | {"topX": 120, "bottomX": 0.5}], "pixels"),
        (TaskType.DETECTION, [BOX | {"topX": float("nan")}], "not a number"),
        (TaskType.DETECTION, [BOX | {"topX": True}], "not a number"),
        (TaskType.DETECTION, [BOX | {"topX": "1e999"}], "not a number"),
        (TaskType.DETECTION, [BOX | {"topX": 10**400}], "not a number"),
        (TaskType.DETECTION, [BOX | {"isCrowd": 7}], "0 or 1"),
        (TaskType.DETECTION, [BOX] * 20_001, "20,001 objects"),
        (TaskType.SEGMENTATION, [{"label": "can"}], "no polygon"),
        (TaskType.SEGMENTATION, [{**INSTANCE, "polygon": [RING[:-1]]}], "half a point"),
        (TaskType.SEGMENTATION, [{**INSTANCE, "polygon": [RING, "x"]}], "text"),
        (TaskType.SEGMENTATION, [{**INSTANCE, "polygon": [RING * 66_668]}], "200,000 points"),
    ],
)
def test_what_cannot_be_known_is_refused(task_type, cell, words):
    with pytest.raises(InvalidLabelError, match=words):
        read(task_type, cell)


def test_pixels_have_a_code_of_their_own():
    with pytest.raises(InvalidLabelError) as caught:
        read(TaskType.SEGMENTATION, [{**INSTANCE, "polygon": [[10, 10, 50, 10, 50, 60]]}])
    assert caught.value.code == "pixel_coordinates"


@pytest.mark.parametrize(
    ("cell", "task_type"),
    [
        ("cat", TaskType.CLASSIFICATION),
        (["cat"], TaskType.MULTILABEL),
        ([BOX], TaskType.DETECTION),
        (BOX, TaskType.DETECTION),
        ([INSTANCE], TaskType.SEGMENTATION),
        ([], ""),
        (None, ""),
        (True, ""),
    ],
)
def test_guess(cell, task_type):
    assert guess_task_type(cell) == task_type
