"""What is wrong in a COCO file: said at its place, and how much it costs."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from tests.vision.data.formats.coco.documents import CATEGORIES, SIDES, box, document, outline, upload_of
from tests.vision.data.formats.coco.reading import BLOCK, BOX, NO_FINDINGS, read_one
from tests.vision.data.formats.uploads import (
    canonical,
    codes,
    findings,
    messages,
    read,
)
from vision.catalog.task_types import TaskType
from vision.data.formats import ReadOptions, get_reader, json_lists
from vision.data.formats.coco import objects
from vision.data.limits import ImportLimits
from vision.data.report import Action, Report

# What is wrong


@pytest.mark.parametrize(
    ("annotation", "code", "why"),
    [
        (box(2, bbox=(5, 5, -3, 4)), "invalid_box", "Annotation 2 has a bbox of negative size: -3 × 4"),
        (box(2, bbox=(5, 5, 3)), "invalid_box", "Annotation 2 has a bbox that is not"),
        (box(2, bbox=("5", 5, 3, 3)), "invalid_box", "not [x, y, width, height]"),
        (box(2, bbox=(None, 5, 3, 3)), "invalid_box", "not [x, y, width, height]"),
        (box(2, bbox={"x": 1}), "invalid_box", "not [x, y, width, height]"),
        (box(2, bbox=None), "missing_box", "neither bbox nor segmentation"),
        (box(2, category_id=99), "unknown_category", "has category 99, which the file does not list"),
        (box(2, category_id=None), "unknown_category", "has category None"),
        (box(2, iscrowd=5), "invalid_label", "iscrowd that is not 0 or 1: 5"),
        (outline(2, {"size": [20, 40], "counts": [10**9]}), "invalid_mask", "longer than the mask"),
        (outline(2, {"size": [100_000, 100_000], "counts": "0"}), "invalid_mask", "100,000,000 pixels are allowed"),
        (outline(2, {"size": [20, 40], "counts": [800]}), "invalid_mask", "no pixel"),
        (outline(2, "text"), "invalid_polygon", "not a list of x, y"),
        (outline(2, [[1, 2, 3, 4, 5]]), "invalid_polygon", "half a point"),
        (outline(2, [["1", 2, 3, 4, 5, 6]]), "invalid_polygon", "not a list of x, y"),
        (outline(2, [[[1, 2], [3, 4], [5, 6]]]), "invalid_polygon", "not a list of x, y"),
    ],
)
def test_a_wrong_annotation_is_left_out_and_named(tmp_path, annotation, code, why):
    label, report = read_one(tmp_path, box(), annotation)
    assert canonical(label, TaskType.DETECTION) == [BOX]
    assert (code, "labels.json", 0) in findings(report)
    assert why in messages(report)
    assert report.to_dict()["errors"][0]["image"] == "a.jpg"
    assert report.to_dict()["errors"][0]["action"] == Action.DROPPED


def test_an_image_whose_annotations_are_all_wrong_is_not_background(tmp_path):
    label, report = read_one(tmp_path, box(bbox=(5, 5, -3, 4)))
    assert label == "left out"
    assert codes(report) == ["invalid_box", "no_usable_annotation", "background_images"]


def test_boxes_far_beyond_an_image_are_those_of_another_one(tmp_path):
    label, report = read_one(tmp_path, box(), box(2, bbox=(100, 5, 10, 10)))
    assert label == "left out"
    assert "Annotation 2 reaches far beyond the image of 40 × 20 px" in messages(report)
    assert codes(report)[0] == "outside_image"


def test_boxes_a_little_beyond_the_image_are_left_to_the_reader_of_cells(tmp_path):
    label, report = read_one(tmp_path, box(bbox=(30, 10, 20, 15)))
    assert label[0]["bottomX"] == 1.25
    assert codes(report) == NO_FINDINGS


def test_entries_without_what_they_need_are_named(tmp_path):
    images = [
        {"id": 1, "file_name": "a.jpg"},
        {"id": "1", "file_name": "b.jpg"},
        {"file_name": "c.jpg"},
        {"id": 4},
        {"id": 5, "file_name": "nowhere.jpg"},
        {"id": 6, "file_name": 7},
        {"id": True, "file_name": "c.jpg"},
    ]
    content = document(images=images[:1], annotations=[box(1, 1.0), box(2, 99), box(3, None), box(4, "1")])
    upload = upload_of(tmp_path, content | {"images": [images[0], *images[1:]]})
    records, report = read("coco", upload, TaskType.DETECTION)
    assert [(record.image, len(record.label)) for record in records] == [("a.jpg", 2)]
    found = report.to_dict()["errors"]
    assert [row["code"] for row in found] == [
        "duplicate_id",
        "missing_id",
        "missing_id",
        "missing_id",
        "missing_image_url",
        "missing_image",
        "missing_image_url",
        "unknown_image",
    ]
    assert all((row["file"], row["line"]) == ("labels.json", 0) for row in found)
    said = messages(report)
    for what in (
        "Image 1 stands there twice",
        "Annotation 3 has no image_id",
        "Image 4 has no file_name",
        "Image 5: nowhere.jpg is not in the upload",
        "Annotation 2 belongs to image 99, which the file does not list",
    ):
        assert what in said


def test_images_that_fit_several_files_are_named(tmp_path):
    images = [{"id": 1, "file_name": "a.jpg"}]
    upload = upload_of(tmp_path, document(images=images), "x/a.jpg", "y/a.jpg")
    records, report = read("coco", upload, TaskType.DETECTION)
    assert (records, codes(report)) == ([], ["missing_image"])
    assert "fits 2 files" in messages(report)


def test_categories_that_cannot_be_used_are_named(tmp_path):
    categories = [
        *CATEGORIES,
        {"id": 1, "name": "can"},
        {"id": 7, "name": "bottle"},
        {"id": 8, "name": "can"},
        {"id": 9, "name": 12},
        {"id": 10, "name": " "},
        {"id": 11},
        {"name": "lost"},
    ]
    annotations = [box(number, category_id=number) for number in (1, 7, 8, 9)]
    label, report = read_one(tmp_path, *annotations, categories=categories)
    assert [one["label"] for one in label] == ["can", "carton", "can", "12"]
    assert codes(report) == [
        "duplicate_id",
        "invalid_category",
        "invalid_category",
        "missing_id",
        "duplicate_id",
        "duplicate_category",
        "background_images",
    ]
    assert "Category 7 stands there twice, as 'carton' and 'bottle'." in messages(report)


def test_too_many_categories(tmp_path):
    upload = upload_of(tmp_path, document(box()))
    report = read("coco", upload, TaskType.DETECTION, limits=ImportLimits(max_labels=1))[1]
    assert codes(report)[0] == "too_many_labels"


@pytest.mark.parametrize("name", ["images", "categories"])
def test_a_file_without_one_of_the_lists_is_not_read(tmp_path, name):
    content = document(box())
    del content[name]
    records, report = read("coco", upload_of(tmp_path, content), TaskType.DETECTION)
    assert (records, codes(report)) == ([], ["missing_list"])
    assert f"no list '{name}'" in messages(report)


def test_a_file_that_was_cut_off_is_not_read_at_all(tmp_path):
    text = json.dumps(document(box(), box(2, 2)))
    records, report = read("coco", upload_of(tmp_path, text[:-30]), TaskType.DETECTION)
    assert records == []
    assert findings(report) == [("invalid_json", "labels.json", 0)]
    assert "ends in the middle" in messages(report)


@pytest.mark.parametrize("wrong", ["NaN", "Infinity", "1e999", "01", "[" * 50_000 + "]" * 50_000])
def test_an_annotation_that_is_not_json_costs_itself_and_what_else_would_be_empty(tmp_path, wrong):
    text = json.dumps(document(box(), box(2, 2), box(3, 2, bbox=(1, 2, 3, 987)), box(4, 3, bbox=(1, 2, 3, 987))))
    upload = upload_of(tmp_path, text.replace("987", wrong))
    records, report = read("coco", upload, TaskType.DETECTION)
    assert [(record.image, len(record.label)) for record in records] == [("a.jpg", 1), ("b.jpg", 1)]
    assert codes(report) == ["invalid_json", "invalid_json", "no_usable_annotation"]
    assert all(record.source for record in records)


def test_broken_text_in_an_image_or_a_category(tmp_path):
    data = json.dumps(document(box(), box(2, category_id=7))).encode()
    data = data.replace(b'"c.jpg"', b'"\xff.jpg"').replace(b'"carton"', b'"\xff"')
    records, report = read("coco", upload_of(tmp_path, data), TaskType.DETECTION)
    assert [record.image for record in records] == ["a.jpg", "b.jpg"]
    assert codes(report)[:2] == ["invalid_json", "invalid_json"]


def test_an_element_over_the_limit_is_left_out(tmp_path):
    upload = upload_of(tmp_path, document(box(), box(2, 2, note="x" * 2_000)))
    records, report = read("coco", upload, TaskType.DETECTION, limits=ImportLimits(max_line_bytes=1_000))
    assert [len(record.label) for record in records] == [1, 0, 0]
    assert codes(report)[0] == "line_too_long"


def test_an_image_with_too_many_annotations_is_left_out(tmp_path):
    upload = upload_of(tmp_path, document(*(box(number) for number in range(5)), box(9, 2)))
    records, report = read("coco", upload, TaskType.DETECTION, limits=ImportLimits(max_objects=4))
    assert [record.image for record in records] == ["b.jpg", "c.jpg"]
    assert "Image 1 has 5 annotations" in messages(report)


def test_masks_of_one_image_have_a_budget(tmp_path, monkeypatch):
    monkeypatch.setattr(objects, "_MAX_WORK", 2 * 20 * 20)  # honest limits would take seconds
    annotations = [outline(number, BLOCK) for number in range(3)]
    label, report = read_one(tmp_path, *annotations, task_type=TaskType.SEGMENTATION)
    assert len(label) == 2
    assert "Annotation 2 has a mask that cannot be used: The masks of one image have over 800 pixels" in messages(
        report
    )


def test_the_source_is_cut_at_the_limit(tmp_path):
    upload = upload_of(tmp_path, document(*(box(number, note="x" * 80) for number in range(8))))
    records, _ = read("coco", upload, TaskType.DETECTION, limits=ImportLimits(max_line_bytes=400))
    assert (len(records[0].source), records[0].source[:7]) == (400, '[{"id":')


def test_reading_may_end_early(tmp_path):
    upload = upload_of(tmp_path, document(box()))
    records = get_reader("coco").read(upload, ReadOptions(TaskType.DETECTION), Report())
    assert next(records).image == "a.jpg"
    records.close()


@pytest.mark.heavy
def test_memory_does_not_grow_with_the_annotations(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lists, "_CHUNK", 1 << 14)

    def measure(count: int) -> int:
        images = [{"id": number, "file_name": "a.jpg", **SIDES} for number in range(count)]
        annotations = [outline(number, image_id=number % count) for number in range(2 * count)]
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        upload = upload_of(folder, document(*annotations, images=images), "a.jpg")
        tracemalloc.start()
        options = ReadOptions(TaskType.SEGMENTATION)
        assert sum(1 for _ in get_reader("coco").read(upload, options, Report())) == count
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    # The first makes what is made once only; what other threads take meanwhile only adds
    assert min(measure(1_000) for _ in range(3)) < measure(100) + 200_000  # of a file of 300 kB
