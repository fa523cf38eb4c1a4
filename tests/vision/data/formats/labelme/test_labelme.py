"""LabelMe: what its shapes and flags become, what is refused, and that what we write is read again."""

from __future__ import annotations

import base64
import io
import json
import math

import numpy as np
import pytest
from PIL import Image

from tests.vision.data.formats.labelme.documents import RECTANGLE, TRIANGLE, document, read_one
from tests.vision.data.formats.uploads import (
    canonical,
    codes,
    export,
    export_and_read,
    findings,
    make_upload,
    messages,
    read,
    write_image,
)
from vision.catalog.task_types import TaskType
from vision.data.formats import ExportRow, detect_format, get_reader
from vision.data.limits import ImportLimits


def mask_of(pixels, left=10, top=5, mode="L", **more):
    target = io.BytesIO()
    Image.fromarray(np.array(pixels, np.uint8)).convert(mode).save(target, "PNG")
    height, width = np.array(pixels).shape
    points = [[left, top], [left + width - 1, top + height - 1]]
    mask = base64.b64encode(target.getvalue()).decode()
    return {"label": "can", "points": points, "shape_type": "mask", "mask": mask} | more


def points_of(ring):
    return {(round(x * 40), round(y * 20)) for x, y in zip(ring[::2], ring[1::2], strict=True)}


def test_rectangles_may_be_drawn_in_any_direction(tmp_path):
    (record,), report = read_one(tmp_path, document(RECTANGLE))
    assert canonical(record.label, TaskType.DETECTION) == [
        {"label": "can", "topX": 0.1, "topY": 0.2, "bottomX": 0.4, "bottomY": 0.6, "isCrowd": 0}
    ]
    assert (record.image, record.file, record.width, record.height) == ("a.jpg", "a.json", 40, 20)
    assert json.loads(record.source)["imagePath"] == "a.jpg"
    assert codes(report) == []


def test_rectangle_of_four_points_is_read_too(tmp_path):
    four = RECTANGLE | {"points": [[4, 4], [16, 4], [16, 12], [4, 12]]}
    (record,), _ = read_one(tmp_path, document(four))
    assert (record.label[0]["topX"], record.label[0]["bottomY"]) == (0.1, 0.6)


def test_polygons_are_outlines_or_the_boxes_around_them(tmp_path):
    old = {key: value for key, value in TRIANGLE.items() if key != "shape_type"}  # as LabelMe 2 wrote them
    (record,), _ = read_one(tmp_path, document(TRIANGLE, old), TaskType.SEGMENTATION)
    assert [one["polygon"] for one in record.label] == [[[0, 0, 0.5, 0, 0.5, 1]]] * 2
    (record,), _ = read_one(tmp_path, document(TRIANGLE))
    assert (record.label[0]["bottomX"], record.label[0]["bottomY"]) == (0.5, 1)


def test_outlines_of_one_class_in_one_group_are_one_object(tmp_path):
    shapes = [TRIANGLE | {"group_id": group, "label": name} for group, name in [(1, "can"), (2, "can"), (1, "lid")]]
    shapes += [TRIANGLE | {"group_id": 1}, TRIANGLE, TRIANGLE, RECTANGLE | {"group_id": 1}]
    (record,), _ = read_one(tmp_path, document(*shapes), TaskType.SEGMENTATION)
    assert [(one["label"], len(one["polygon"])) for one in record.label] == [
        ("can", 2),
        ("can", 1),
        ("lid", 1),
        ("can", 1),
        ("can", 1),
        ("can", 1),
    ]


def test_circles_are_drawn_by_centre_and_edge(tmp_path):
    circle = {"label": "can", "points": [[20, 10], [24, 13]], "shape_type": "circle"}
    (record,), _ = read_one(tmp_path, document(circle))
    found = [record.label[0][key] for key in ("topX", "topY", "bottomX", "bottomY")]
    assert found == pytest.approx([15 / 40, 5 / 20, 25 / 40, 15 / 20], abs=1e-6)
    (record,), report = read_one(tmp_path, document(circle), TaskType.SEGMENTATION)
    (ring,) = record.label[0]["polygon"]
    assert all(
        math.hypot(x * 40 - 20, y * 20 - 10) == pytest.approx(5, abs=1e-3)
        for x, y in zip(ring[::2], ring[1::2], strict=True)
    )
    assert codes(report) == []


def test_turned_rectangle_loses_its_outline_as_a_box_and_that_is_said(tmp_path):
    turned = {"label": "can", "points": [[10, 0], [20, 10], [10, 20], [0, 10]], "shape_type": "rotation"}
    (record,), report = read_one(tmp_path, document(RECTANGLE, turned))
    assert (record.label[1]["bottomX"], record.label[1]["bottomY"]) == (0.5, 1)
    assert findings(report) == [("rotated_box", "a.json", 19)]
    _, report = read_one(tmp_path, document(turned), TaskType.SEGMENTATION)
    assert codes(report) == []


@pytest.mark.parametrize("mode", ["L", "1"])
def test_masks_are_traced(tmp_path, mode):
    mask = mask_of(np.array([[1, 1, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]]) * 255, mode=mode)
    (record,), report = read_one(tmp_path, document(mask), TaskType.SEGMENTATION)
    (ring,) = record.label[0]["polygon"]
    assert points_of(ring) == {(10, 5), (14, 5), (14, 8), (12, 8), (12, 6), (10, 6)}
    assert codes(report) == []


def test_values_of_one_are_pixels_of_a_mask(tmp_path):
    (record,), _ = read_one(tmp_path, document(mask_of([[1, 1], [1, 1]])), TaskType.SEGMENTATION)
    assert points_of(record.label[0]["polygon"][0]) == {(10, 5), (12, 5), (12, 7), (10, 7)}


def test_masks_of_one_group_are_parts_of_one_object(tmp_path):
    parts = [mask_of([[1]], left=left, group_id=7) for left in (2, 20)]
    (record,), _ = read_one(tmp_path, document(*parts), TaskType.SEGMENTATION)
    assert [len(one["polygon"]) for one in record.label] == [2]


def test_holes_of_masks_are_filled_and_said(tmp_path):
    _, report = read_one(tmp_path, document(mask_of([[1, 1, 1], [1, 0, 1], [1, 1, 1]])), TaskType.SEGMENTATION)
    assert codes(report) == ["filled_holes"]


@pytest.mark.parametrize(
    ("mask", "code"),
    [
        (mask_of([[1]], left=39, top=19), []),
        (mask_of([[1, 1]], left=39), ["invalid_mask"]),
        (mask_of([[1]], left=-1), ["invalid_label"]),
        (mask_of([[1]], left=0.5), ["invalid_label"]),
        (mask_of([[1]]) | {"mask": "no base64"}, ["invalid_mask"]),
        (mask_of([[1]]) | {"mask": base64.b64encode(b"no PNG").decode()}, ["invalid_mask"]),
        (mask_of([[1]]) | {"mask": None}, ["invalid_mask"]),
        (mask_of([[1]]) | {"mask": mask_of(np.ones((9, 9)))["mask"][:60]}, ["invalid_mask"]),
    ],
)
def test_masks_that_cannot_be_used(tmp_path, mask, code):
    records, report = read_one(tmp_path, document(mask), TaskType.SEGMENTATION)
    assert codes(report) == code
    assert len(records) == (not code)


def test_mask_bombs_are_refused_by_their_size(tmp_path):
    target = io.BytesIO()
    Image.new("1", (9000, 9000)).save(target, "PNG")
    bomb = mask_of([[1]]) | {"mask": base64.b64encode(target.getvalue()).decode()}
    records, report = read_one(tmp_path, document(bomb), TaskType.SEGMENTATION)
    assert (records, codes(report)) == ([], ["invalid_mask"])


@pytest.mark.parametrize("kind", ["point", "line", "linestrip", "points", "<b>", None, 3])
def test_other_shapes_are_left_out_and_said(tmp_path, kind):
    (record,), report = read_one(tmp_path, document(RECTANGLE, RECTANGLE | {"shape_type": kind}))
    assert len(record.label) == 1
    assert findings(report) == [("unsupported_shape", "a.json", None)]
    assert str(kind) in messages(report)


def test_rectangle_as_outline_is_said(tmp_path):
    (record,), report = read_one(tmp_path, document(RECTANGLE), TaskType.SEGMENTATION)
    assert record.label[0]["polygon"] == [[0.1, 0.2, 0.4, 0.2, 0.4, 0.6, 0.1, 0.6]]
    assert codes(report) == ["box_as_outline"]


@pytest.mark.parametrize(
    ("content", "task_type", "cell"),
    [
        (document(flags={"cat": True, "dog": False}), TaskType.CLASSIFICATION, "cat"),
        (document(flags={"cat": True, "dog": True}), TaskType.CLASSIFICATION, ["cat", "dog"]),
        (document(flags={"cat": False}), TaskType.CLASSIFICATION, None),
        (document(flags={"b": True, "a": True}), TaskType.MULTILABEL, ["b", "a"]),
        (document(flags={"cat": False}), TaskType.MULTILABEL, []),
        (document(unlabelled=True), TaskType.MULTILABEL, None),
        (document(RECTANGLE, flags={"cat": True}, unlabelled=True), TaskType.CLASSIFICATION, "cat"),
        (document(RECTANGLE, RECTANGLE), TaskType.CLASSIFICATION, "can"),
        (document(flags={"cat": True}), TaskType.DETECTION, []),
        (document(unlabelled=True), TaskType.DETECTION, None),
    ],
)
def test_cells_of_each_task_type(tmp_path, content, task_type, cell):
    (record,), report = read_one(tmp_path, content, task_type)
    assert record.label == cell
    assert codes(report) == []


def test_crowds_are_a_flag_of_the_shape(tmp_path):
    shapes = [RECTANGLE | {"flags": flags} for flags in ({"isCrowd": True}, {"isCrowd": False}, {}, None)]
    (record,), _ = read_one(tmp_path, document(*shapes))
    assert [one["isCrowd"] for one in record.label] == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (RECTANGLE | {"points": [[1, 2]]}, "invalid_label"),
        (RECTANGLE | {"points": [[1, "x"], [2, 3]]}, "invalid_label"),
        (RECTANGLE | {"points": None}, "invalid_label"),
        (TRIANGLE | {"points": [[1, 2], [3, 4]]}, "invalid_label"),
        (RECTANGLE | {"label": None}, "invalid_label"),
        (RECTANGLE | {"label": ["can"]}, "invalid_label"),
        ([1, 2], "invalid_json"),
    ],
)
def test_wrong_shapes_are_named_with_their_line(tmp_path, shape, code):
    records, report = read_one(tmp_path, document(RECTANGLE, shape))
    assert records == []
    assert findings(report) == [(code, "a.json", 19)]
    assert "Shape 2" in messages(report)


@pytest.mark.parametrize("flags", [["cat"], {"cat": "yes"}, {"cat": 1}])
def test_wrong_flags(tmp_path, flags):
    records, report = read_one(tmp_path, document(flags=flags), TaskType.CLASSIFICATION)
    assert (records, codes(report)) == ([], ["invalid_label"])


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        ('{"shapes": [\n{"label": "a", \n}], "imagePath": "a.jpg"}', ("invalid_json", "a.json", 3)),
        ('{"shapes": [{"points": [[NaN, 1]]}], "imagePath": "a.jpg"}', ("invalid_json", "a.json", 1)),
        ('{"imagePath": "a.jpg", "x": ' + "[" * 100_000, ("invalid_json", "a.json", 0)),
        ("", ("invalid_json", "a.json", 0)),
        (b'{"shapes": [{"label": "\xff"}], "imagePath": "a.jpg"}', ("invalid_encoding", "a.json", 1)),
        ({"images": [], "annotations": []}, ("unused_file", "a.json", None)),
        ({"shapes": {}, "imagePath": "a.jpg"}, ("unused_file", "a.json", None)),
        ("[1]", ("unused_file", "a.json", None)),
    ],
)
def test_files_that_cannot_be_read(tmp_path, content, finding):
    upload = make_upload(tmp_path, {"a.json": content, "a.jpg": None})
    records, report = read("labelme", upload, TaskType.DETECTION)
    assert records == []
    assert findings(report) == [finding]


@pytest.mark.parametrize(
    ("path", "file", "images", "found"),
    [
        ("a.jpg", "x/a.json", ["x/a.jpg", "y/a.jpg"], "x/a.jpg"),
        ("..\\images\\a.jpg", "labels/a.json", ["images/a.jpg"], "images/a.jpg"),
        ("C:\\Users\\me\\a.jpg", "x/a.json", ["x/a.jpg", "y/a.jpg"], "x/a.jpg"),
        ("/home/me/y/a.jpg", "x/b.json", ["x/a.jpg", "y/a.jpg"], "y/a.jpg"),
        ("a.jpg", "labels/a.json", ["images/a.jpg"], "images/a.jpg"),
    ],
)
def test_image_paths_of_other_machines(tmp_path, path, file, images, found):
    (record,), report = read_one(tmp_path, document(RECTANGLE, path=path), name=file, files=images)
    assert (record.image, codes(report)) == (found, [])


@pytest.mark.parametrize("path", ["old_name.jpg", "", None, 5])
def test_image_of_the_files_own_name_is_taken_and_that_is_said(tmp_path, path):
    (record,), report = read_one(tmp_path, document(path=path, imageData="AAAA"), name="x/a.json", files=["x/a.png"])
    assert (record.image, codes(report)) == ("x/a.png", ["repaired_image_name"])


def test_image_that_is_nowhere(tmp_path):
    records, report = read_one(tmp_path, document(path="gone.jpg"), name="b.json")
    assert records == []
    assert findings(report) == [("missing_image", "b.json", None)]


def test_too_many_shapes(tmp_path):
    records, report = read_one(tmp_path, document(*[RECTANGLE] * 4), limits=ImportLimits(max_objects=3))
    assert (records, codes(report)) == ([], ["invalid_label"])


def test_shapes_are_drawn_on_the_upright_image(tmp_path):
    write_image(tmp_path / "a.jpg", (20, 40), orientation=6)
    (record,), _ = read_one(tmp_path, document(RECTANGLE), files=())
    assert (record.label[0]["topX"], record.label[0]["bottomX"]) == (0.1, 0.4)


def test_image_that_cannot_be_opened_is_left_to_its_check(tmp_path):
    upload = make_upload(tmp_path, {"a.json": document(RECTANGLE, imageWidth=None), "a.jpg": "no image"})
    (record,), report = read("labelme", upload, TaskType.DETECTION)
    assert (record.label, codes(report)) == ([], [])


@pytest.mark.parametrize(
    ("shapes", "flags", "task_type"),
    [
        ([RECTANGLE], {}, TaskType.DETECTION),
        ([RECTANGLE, TRIANGLE], {}, TaskType.SEGMENTATION),
        ([], {"a": True}, TaskType.CLASSIFICATION),
        ([], {"a": True, "b": True}, TaskType.MULTILABEL),
        ([], {"a": False}, ""),
    ],
)
def test_detection_and_guess(tmp_path, shapes, flags, task_type):
    upload = make_upload(tmp_path, {"a.json": document(*shapes, flags=flags), "a.jpg": None})
    found = detect_format(upload)
    assert (found.format, found.reason) == ("labelme", "a.json is an annotation of LabelMe")
    assert get_reader("labelme").guess_task_type(upload, "label") == task_type


def test_splits_are_folders(tmp_path):
    files = {f"{folder}/a{number}.json": document(path=f"a{number}.jpg") for number, folder in enumerate(FOLDERS)}
    upload = make_upload(tmp_path, files | {f"{folder}/a{number}.jpg": None for number, folder in enumerate(FOLDERS)})
    records, _ = read("labelme", upload, TaskType.DETECTION)
    assert {record.file.split("/")[0]: record.split for record in records} == FOLDERS


FOLDERS = {"train": "train", "val": "validation", "test": "test", "photos": ""}


def test_outlines_come_back(tmp_path):
    parts = [{"label": "a", "isCrowd": 1, "polygon": [[0.1, 0.1, 0.4, 0.1, 0.4, 0.4], [0.6, 0.6, 0.9, 0.6, 0.9, 0.9]]}]
    rows = [ExportRow("a.jpg", "train", parts, 40, 20), ExportRow("val/a.png", "validation", [], 40, 20)]
    rows += [ExportRow("val/a.jpg", "validation", None, 40, 20)]
    found, report = export_and_read("labelme", rows, tmp_path, ["a"], TaskType.SEGMENTATION)
    assert found == {
        "train/a.jpg": ("train", parts),
        "val/a.png": ("validation", []),
        "val/a_2.jpg": ("validation", None),
    }
    assert codes(report) == []


def test_written_files_are_as_labelme_writes_them(tmp_path):
    box = {"label": "a", "topX": 0.1, "topY": 0.2, "bottomX": 0.4, "bottomY": 0.6, "isCrowd": 0}
    upload = export("labelme", [ExportRow("a.jpg", "train", [box], 40, 20)], tmp_path, ["a"], TaskType.DETECTION)
    written = json.loads(upload.path("train/a.json").read_text())
    assert written.keys() >= {"version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth"}
    assert (written["imagePath"], written["imageHeight"], written["imageWidth"]) == ("a.jpg", 20, 40)
    assert written["shapes"][0]["points"] == [[4, 4], [16, 12]]
    upload = export("labelme", [ExportRow("b.jpg", "", "a", 4, 4)], tmp_path, ["a", "b"], TaskType.CLASSIFICATION)
    assert json.loads(upload.path("train/b.json").read_text())["flags"] == {"a": True, "b": False}
