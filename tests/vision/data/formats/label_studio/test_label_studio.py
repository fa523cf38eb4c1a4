"""Label Studio: exports as it writes them, and that what we write is read again."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from defusedxml import ElementTree

from tests.vision.data.formats.label_studio.test_brush import pack
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

SIDES = {"original_width": 40, "original_height": 20, "image_rotation": 0}
RECTANGLE = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": ["can"]}
TRIANGLE = {"points": [[0, 0], [50, 0], [50, 100]], "polygonlabels": ["can"]}


def result(value, kind="rectanglelabels", **more):
    return {"id": "Dx_aB91ISN", "from_name": "tag", "to_name": "img", "type": kind, "value": value} | SIDES | more


def task(*results, image="/data/upload/1/4a1f30e2-a.jpg", **more):
    annotation = {"id": 1, "result": list(results), "was_cancelled": False, "created_at": "2021-03-09T22:16:08Z"}
    return {"id": 1, "data": {"image": image}, "annotations": [annotation], "predictions": []} | more


def read_tasks(folder, tasks, task_type=TaskType.DETECTION, images=("a.jpg",), **options):
    text = tasks if isinstance(tasks, (str, bytes)) else json.dumps(tasks, indent=1)
    return read(
        "label_studio", make_upload(folder, {"project.json": text} | dict.fromkeys(images)), task_type, **options
    )


def choices(*names):
    return result({"choices": list(names)}, "choices")


def test_rectangles_are_percent_of_the_image(tmp_path):
    (record,), report = read_tasks(tmp_path, [task(result(RECTANGLE))])
    assert canonical(record.label, TaskType.DETECTION) == [
        {"label": "can", "topX": 0.1, "topY": 0.2, "bottomX": 0.4, "bottomY": 0.6, "isCrowd": 0}
    ]
    assert (record.image, record.line, record.width, record.height) == ("a.jpg", 2, 40, 20)
    assert json.loads(record.source)["id"] == 1
    assert codes(report) == []


def test_polygons_are_outlines_or_the_boxes_around_them(tmp_path):
    tasks = [task(result(TRIANGLE, "polygonlabels"))]
    (record,), _ = read_tasks(tmp_path, tasks, TaskType.SEGMENTATION)
    assert record.label[0]["polygon"] == [[0, 0, 0.5, 0, 0.5, 1]]
    (record,), _ = read_tasks(tmp_path, tasks)
    assert (record.label[0]["bottomX"], record.label[0]["bottomY"]) == (0.5, 1)


def test_rectangle_as_outline_is_said(tmp_path):
    (record,), report = read_tasks(tmp_path, [task(result(RECTANGLE))], TaskType.SEGMENTATION)
    assert record.label[0]["polygon"] == [[0.1, 0.2, 0.4, 0.2, 0.4, 0.6, 0.1, 0.6]]
    assert findings(report) == [("box_as_outline", "project.json", 2)]


def test_turned_rectangle_keeps_its_outline_and_loses_it_as_a_box(tmp_path):
    turned = RECTANGLE | {"x": 50, "y": 0, "width": 20, "height": 20, "rotation": 90}  # 8 × 4 px around (20, 0)
    tasks = [task(result(turned))]
    (record,), report = read_tasks(tmp_path, tasks, TaskType.SEGMENTATION)
    assert record.label[0]["polygon"] == [pytest.approx([0.5, 0, 0.5, 0.4, 0.4, 0.4, 0.4, 0])]
    assert codes(report) == []
    (record,), report = read_tasks(tmp_path, tasks)
    found = [record.label[0][key] for key in ("topX", "topY", "bottomX", "bottomY")]
    assert found == pytest.approx([0.4, 0, 0.5, 0.4])
    assert codes(report) == ["rotated_box"]


def test_generic_labels_come_as_a_pair_of_results(tmp_path):
    place = {key: RECTANGLE[key] for key in ("x", "y", "width", "height", "rotation")}
    pair = [result(place, "rectangle"), result(place | {"labels": ["can"]}, "labels")]
    (record,), report = read_tasks(tmp_path, [task(*pair)])
    assert [one["label"] for one in record.label] == ["can"]
    assert codes(report) == []


@pytest.mark.parametrize(
    ("results", "task_type", "cell"),
    [
        ([choices("cat")], TaskType.CLASSIFICATION, "cat"),
        ([choices("cat", "dog")], TaskType.MULTILABEL, ["cat", "dog"]),
        ([choices("cat"), result(RECTANGLE)], TaskType.CLASSIFICATION, "cat"),
        ([choices("cat"), choices("dog")], TaskType.MULTILABEL, ["cat", "dog"]),
        ([result(RECTANGLE), result(RECTANGLE)], TaskType.MULTILABEL, ["can"]),
        ([], TaskType.CLASSIFICATION, None),
        ([], TaskType.MULTILABEL, []),
        ([], TaskType.DETECTION, []),
        ([{"type": "textarea", "value": {"text": ["hello"]}}, "?", {"value": 5}], TaskType.DETECTION, []),
    ],
)
def test_cells_of_each_task_type(tmp_path, results, task_type, cell):
    (record,), report = read_tasks(tmp_path, [task(*results)], task_type)
    assert record.label == cell
    assert codes(report) == []


def test_brush_strokes_are_traced(tmp_path):
    mask = np.zeros((20, 40), np.uint8)
    mask[5:10, 10:30] = 1
    stroke = result({"format": "rle", "rle": pack(mask), "brushlabels": ["can"]}, "brushlabels")
    (record,), report = read_tasks(tmp_path, [task(stroke)], TaskType.SEGMENTATION)
    (ring,) = record.label[0]["polygon"]
    assert sorted(zip(ring[::2], ring[1::2], strict=True)) == [(0.25, 0.25), (0.25, 0.5), (0.75, 0.25), (0.75, 0.5)]
    assert codes(report) == []
    mask[7, 20] = 0
    stroke["value"]["rle"] = pack(mask)
    assert codes(read_tasks(tmp_path, [task(stroke)], TaskType.SEGMENTATION)[1]) == ["filled_holes"]
    stroke["value"]["rle"] = pack(mask * 0)
    assert codes(read_tasks(tmp_path, [task(stroke)], TaskType.SEGMENTATION)[1]) == ["empty_mask"]


@pytest.mark.parametrize("rle", [[1, 2, 3], "AAAA", None, pack(np.ones((3, 3), np.uint8))])
def test_stroke_that_cannot_be_decoded_costs_its_task(tmp_path, rle):
    stroke = result({"format": "rle", "rle": rle, "brushlabels": ["can"]}, "brushlabels")
    records, report = read_tasks(tmp_path, [task(stroke), task()], TaskType.SEGMENTATION)
    assert len(records) == 1
    assert findings(report) == [("brush_unsupported", "project.json", 2)]


def test_other_shapes_are_left_out_and_said(tmp_path):
    point = result({"x": 1, "y": 1, "width": 0.3, "keypointlabels": ["nose"]}, "keypointlabels")
    ellipse = result({"x": 1, "y": 1, "radiusX": 3, "radiusY": 3, "ellipselabels": ["eye"]}, "ellipselabels")
    (record,), report = read_tasks(tmp_path, [task(point, ellipse, result(RECTANGLE))])
    assert len(record.label) == 1
    assert codes(report) == ["unsupported_shape"]
    assert "1 keypoint, 1 ellipse" in messages(report)


def annotated(name, written_at, **more):
    return {"result": [choices(name)], "created_at": written_at} | more


def test_newest_annotation_that_was_not_cancelled_counts(tmp_path):
    annotations = [
        annotated("old", "2021-01-01T00:00:00Z"),
        annotated("new", "2020-01-01T00:00:00Z", updated_at="2022-01-01T00:00:00Z"),
        annotated("cancelled", "2023-01-01T00:00:00Z", was_cancelled=True),
    ]
    (record,), report = read_tasks(tmp_path, [task(annotations=annotations)], TaskType.CLASSIFICATION)
    assert record.label == "new"
    assert codes(report) == ["several_annotations"]
    assert "2 annotations" in messages(report)


def test_predictions_and_cancelled_annotations_are_no_labels(tmp_path):
    predicted = task(annotations=[], predictions=[{"result": [choices("cat")]}])
    cancelled = task(annotations=[annotated("cat", "", was_cancelled=True)])
    records, report = read_tasks(tmp_path, [predicted, cancelled], TaskType.CLASSIFICATION)
    assert [record.label for record in records] == [None, None]
    assert codes(report) == ["predictions_ignored"]


MINIMAL = {"id": 1, "image": "/data/upload/1/4a1f30e2-a.jpg", "annotator": 1, "annotation_id": 1, "lead_time": 2.5}


@pytest.mark.parametrize(
    ("fields", "task_type", "cell"),
    [
        ({"choice": "cat"}, TaskType.CLASSIFICATION, "cat"),
        ({"sentiment": {"choices": ["cat", "dog"]}}, TaskType.MULTILABEL, ["cat", "dog"]),
        ({"label": ["cat", "dog"]}, TaskType.MULTILABEL, ["cat", "dog"]),
        ({"caption": "a cat"}, TaskType.CLASSIFICATION, None),
        ({"label": [TRIANGLE | SIDES]}, TaskType.SEGMENTATION, [[0, 0, 0.5, 0, 0.5, 1]]),
        ({"tags": [RECTANGLE | SIDES]}, TaskType.DETECTION, 0.4),
    ],
)
def test_minimal_export(tmp_path, fields, task_type, cell):
    (record,), report = read_tasks(tmp_path, [MINIMAL | fields], task_type)
    label = record.label
    if task_type == TaskType.SEGMENTATION:
        label = label[0]["polygon"]
        cell = [cell[0]]
    assert (label[0]["bottomX"] if task_type == TaskType.DETECTION else label) == cell
    assert record.image == "a.jpg"
    assert codes(report) == []


def test_one_annotation_a_file(tmp_path):
    annotation = {"id": 7, "result": [choices("cat")], "task": {"id": 1, "data": {"image": "s3://bucket/in/a.jpg"}}}
    upload = make_upload(tmp_path, {"7.json": annotation, "a.jpg": None})
    assert detect_format(upload).format == "label_studio"
    (record,), _ = read("label_studio", upload, TaskType.CLASSIFICATION)
    assert (record.image, record.label) == ("a.jpg", "cat")


@pytest.mark.parametrize(
    ("address", "images", "expected"),
    [
        ("/data/upload/1/4a1f30e2-a.jpg", ["images/a.jpg"], "images/a.jpg"),
        ("/data/upload/1/4a1f30e2-a.jpg", ["a.jpg", "upload/1/4a1f30e2-a.jpg"], "upload/1/4a1f30e2-a.jpg"),
        ("/data/local-files/?d=set%20one/x/a.jpg", ["set one/x/a.jpg", "set two/x/a.jpg"], "set one/x/a.jpg"),
        ("http://localhost:8080/data/local-files/?d=x/a.jpg", ["x/a.jpg"], "x/a.jpg"),
        ("s3://bucket/deep/x/a.jpg", ["x/a.jpg", "y/a.jpg"], "x/a.jpg"),
        ("https://host/x/a.jpg?X-Amz-Signature=1&d=other.jpg", ["x/a.jpg"], "x/a.jpg"),
        ("/tasks/1/resolve/?fileuri=" + base64.b64encode(b"gs://b/x/a.jpg").decode(), ["x/a.jpg"], "x/a.jpg"),
        ("images/a.jpg", ["images/a.jpg", "a.jpg"], "images/a.jpg"),
    ],
)
def test_images_are_matched_by_their_ends(tmp_path, address, images, expected):
    (record,), report = read_tasks(tmp_path, [task(choices("x"), image=address)], TaskType.CLASSIFICATION, images)
    assert record.image == expected
    assert codes(report) == []


@pytest.mark.parametrize(
    "address", ["/data/upload/1/none.jpg", "data:image/png;base64,AAAA", "/?d=&fileuri=%%%", "http://[x"]
)
def test_image_that_is_not_there_is_said(tmp_path, address):
    records, report = read_tasks(tmp_path, [task(image=address)])
    assert records == []
    assert findings(report) == [("missing_image", "project.json", 2)]


def test_field_of_the_image_may_have_any_name(tmp_path):
    one = task(choices("x")) | {"data": {"id": "7", "picture of it": "/data/upload/1/4a1f30e2-a.jpg"}}
    assert len(read_tasks(tmp_path, [one], TaskType.CLASSIFICATION)[0]) == 1
    _, report = read_tasks(tmp_path, [task() | {"data": {"text": "hello"}}])
    assert codes(report) == ["missing_image_url"]


def test_split_and_group_are_fields_of_the_task(tmp_path):
    one = task(choices("x")) | {"data": {"image": "a.jpg", "split": "val", "patient": 5}}
    (record,), _ = read_tasks(tmp_path, [one], TaskType.CLASSIFICATION, group_column="patient")
    assert (record.split, record.group) == ("validation", "5")


def test_image_that_exif_turns(tmp_path):
    write_image(tmp_path / "a.jpg", (40, 20), orientation=6)
    one = result(RECTANGLE)  # drawn on the image as it is stored, 40 × 20
    upload = make_upload(tmp_path, {"p.json": json.dumps([task(one)])})
    (record,), _ = read("label_studio", upload, TaskType.DETECTION)
    found = [record.label[0][key] for key in ("topX", "topY", "bottomX", "bottomY")]
    assert found == pytest.approx([0.4, 0.1, 0.8, 0.4])


BAD = {
    "no class": result(RECTANGLE | {"rectanglelabels": []}),
    "two classes": result(RECTANGLE | {"rectanglelabels": ["a", "b"]}),
    "class is a list": result(RECTANGLE | {"rectanglelabels": [["a"]]}),
    "choice is an object": result({"choices": [{}]}, "choices"),
    "region without class": result({"x": 1, "y": 1, "width": 1, "height": 1}, "rectangle"),
    "no x": result({key: value for key, value in RECTANGLE.items() if key != "x"}),
    "too large": result(RECTANGLE | {"x": 10**400}),
    "infinite": result(RECTANGLE | {"x": "1e999"}),
    "rotation": result(RECTANGLE | {"rotation": "left"}),
    "points": result({"points": 5, "polygonlabels": ["x"]}, "polygonlabels"),
    "no points": result({"points": [], "polygonlabels": ["x"]}, "polygonlabels"),
    "half a point": result({"points": [[1, 2], [3]], "polygonlabels": ["x"]}, "polygonlabels"),
    "deep points": result({"points": [[[1], 2]], "polygonlabels": ["x"]}, "polygonlabels"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_region_costs_its_task_alone(tmp_path, name):
    task_type = TaskType.CLASSIFICATION if "choice" in name else TaskType.DETECTION
    records, report = read_tasks(tmp_path, [task(BAD[name]), task(choices("x"))], task_type)
    assert len(records) == 1
    assert findings(report) == [("invalid_label", "project.json", 2)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[{"id": 1, "data": {"image": "a.jpg"}, "annotations": [{"result": [{"x": NaN}]}]}]', "invalid_json"),
        (json.dumps([task()])[:-1] + ', {"id": 2, "data"', "invalid_json"),
        ("[" + json.dumps(task()) + ", 5]", "invalid_json"),
        ("[" + json.dumps(task()) + ', {"a": ' + "[" * 100_000, "invalid_json"),
        (b"[" + json.dumps(task()).encode() + b', {"a": "\xff"}]', "invalid_json"),
        (lambda: json.dumps([task(), task(choices("x" * (50 << 20)))]), "line_too_long"),
        (json.dumps({"name": "package", "version": 1}), "unused_file"),
        ("[]x", "invalid_json"),
    ],
)
def test_hostile_documents(tmp_path, text, code):
    records, report = read_tasks(tmp_path, text() if callable(text) else text)
    assert len(records) <= 1
    assert codes(report) == [code]


def test_limit_counts_for_one_task(tmp_path):
    tasks = [task(choices("x")) for _ in range(20)]
    records, report = read_tasks(tmp_path, tasks, TaskType.CLASSIFICATION, limits=ImportLimits(max_line_bytes=2_000))
    assert len(records) == 20, messages(report)


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([choices("a")], TaskType.CLASSIFICATION),
        ([choices("a", "b")], TaskType.MULTILABEL),
        ([result(RECTANGLE), choices("a")], TaskType.DETECTION),
        ([result(TRIANGLE, "polygonlabels"), result(RECTANGLE)], TaskType.SEGMENTATION),
        ([result({"rle": [], "labels": ["x"]}, "labels")], TaskType.SEGMENTATION),
        ([], ""),
    ],
)
def test_recognised_and_its_task_type_guessed(tmp_path, results, expected):
    upload = make_upload(tmp_path, {"p.json": json.dumps([task(), task(*results)]), "a.jpg": None})
    detection = detect_format(upload)
    assert detection.format == "label_studio"
    assert "p.json" in detection.reason
    assert get_reader("label_studio").guess_task_type(upload, "label") == expected


@pytest.mark.parametrize(
    "text", ['{"images": [], "annotations": []}', "[1, 2]", '[{"data": 5}]', "[", '{"shapes": []}']
)
def test_other_json_is_not_taken_for_it(tmp_path, text):
    assert get_reader("label_studio").detect(make_upload(tmp_path, {"x.json": text})) is None


BOX = {"label": "Ünïcode <&\"' ☃", "topX": 0.123457, "topY": 0.2, "bottomX": 0.5, "bottomY": 0.654321, "isCrowd": 0}
RINGS = [[0.1, 0.1, 0.5, 0.1, 0.5, 0.5], [0.6, 0.6, 0.9, 0.6, 0.9, 0.9], [0.2, 0.7, 0.3, 0.7, 0.3, 0.9]]
CELLS = {
    TaskType.CLASSIFICATION: ["can", BOX["label"], None],
    TaskType.MULTILABEL: [["can", "日本"], [], None],
    TaskType.DETECTION: [[BOX, BOX | {"label": "can", "isCrowd": 1}], [], None],
    TaskType.SEGMENTATION: [
        [
            {"label": "can", "isCrowd": 1, "polygon": RINGS},
            {"label": BOX["label"], "isCrowd": 0, "polygon": RINGS[:1]},
            {"label": "can", "isCrowd": 0, "polygon": RINGS[1:]},
        ],
        [],
        None,
    ],
}


@pytest.mark.parametrize("task_type", CELLS)
def test_what_is_written_is_read_again(tmp_path, task_type):
    rows = [
        ExportRow(f"dir ü/{number}.jpg", split, cell, 40, 20)
        for number, (cell, split) in enumerate(zip(CELLS[task_type], ("train", "validation", "test"), strict=True))
    ]
    found, report = export_and_read("label_studio", rows, tmp_path, ["can", BOX["label"]], task_type)
    assert found == {f"images/{row.name}": (row.split, row.label) for row in rows}
    assert codes(report) == []
    config = ElementTree.parse(tmp_path / "label_config.xml").getroot()
    assert [one.get("value") for one in config[1]] == ["can", BOX["label"]]


def test_results_name_the_tags_of_the_interface(tmp_path):
    rows = [ExportRow("a.jpg", "", [BOX], 40, 20)]
    upload = export("label_studio", rows, tmp_path, ["can"], TaskType.DETECTION)
    (written,) = json.loads((tmp_path / "label_studio.json").read_text(encoding="utf-8"))
    (one,) = written["annotations"][0]["result"]
    config = ElementTree.parse(tmp_path / "label_config.xml").getroot()
    assert one["to_name"] == config[0].get("name") == config[1].get("toName")
    assert one["from_name"] == config[1].get("name")
    assert one["type"] == config[1].tag.lower() == "rectanglelabels"
    assert (one["original_width"], one["original_height"]) == (40, 20)
    assert written["data"] == {"image": "images/a.jpg"}
    assert detect_format(upload).format == "label_studio"


def test_no_rows_are_an_empty_list(tmp_path):
    export("label_studio", [], tmp_path, [], TaskType.DETECTION)
    assert json.loads((tmp_path / "label_studio.json").read_text()) == []
