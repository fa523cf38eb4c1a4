from __future__ import annotations

import json
import tracemalloc

import pytest

from tests.vision.data.formats.coco.documents import CATEGORIES, NAMES, SIDES, box, document, outline, upload_of
from tests.vision.data.formats.uploads import (
    canonical,
    codes,
    findings,
    make_upload,
    messages,
    open_upload,
    read,
    write_image,
)
from vision.catalog.task_types import TaskType
from vision.data.formats import ReadOptions, detect_format, get_reader, json_lists
from vision.data.formats.coco import objects
from vision.data.limits import ImportLimits
from vision.data.report import Action, Report

BOX = {"label": "can", "topX": 0.25, "topY": 0.25, "bottomX": 0.75, "bottomY": 0.75, "isCrowd": 0}
POLYGON = {"label": "can", "isCrowd": 0, "polygon": [[0.1, 0.1, 0.9, 0.1, 0.9, 0.9]]}
NO_FINDINGS = ["background_images"]
# 20 × 40 px, the rows 5–9 of the columns 10–29
BLOCK = {"size": [20, 40], "counts": [205, *[5, 15] * 19, 5, 210]}
HOLED = {"size": [20, 40], "counts": [205, *[5, 15] * 9, 2, 1, 2, 15, *[5, 15] * 9, 5, 210]}
BLOCK_RING = {(0.25, 0.25), (0.75, 0.25), (0.75, 0.5), (0.25, 0.5)}


def read_one(folder, *annotations, task_type=TaskType.DETECTION, **lists):
    """The cell of a.jpg with these annotations, and the report."""
    records, report = read("coco", upload_of(folder, document(*annotations, **lists)), task_type)
    labels = {record.image: record.label for record in records}
    return labels.get("a.jpg", "left out"), report


def points_of(ring):
    return set(zip(ring[::2], ring[1::2], strict=True))


# What is right


def test_boxes_become_corners_in_shares_of_the_image(tmp_path):
    label, report = read_one(tmp_path, box(), box(2, bbox=(0, 0, 40, 20), category_id=7, iscrowd=1))
    whole = {"label": "carton", "topX": 0, "topY": 0, "bottomX": 1, "bottomY": 1, "isCrowd": 1}
    assert canonical(label, TaskType.DETECTION) == [BOX, whole]
    assert codes(report) == NO_FINDINGS


def test_what_a_record_says_of_its_image(tmp_path):
    records, _ = read("coco", upload_of(tmp_path, document(box())), TaskType.DETECTION)
    first, second, _ = records
    assert [record.image for record in records] == list(NAMES)
    assert (first.file, first.line, first.split, first.width, first.height) == ("labels.json", 0, "", 40, 20)
    assert json.loads(first.source) == [box()]
    assert " " not in first.source
    assert (second.label, second.source) == ([], "[]")


def test_images_without_annotations_are_background_and_that_is_said_once(tmp_path):
    records, report = read("coco", upload_of(tmp_path, document(box())), TaskType.DETECTION)
    assert [record.label for record in records[1:]] == [[], []]
    assert messages(report).startswith("2 images have no annotation")


@pytest.mark.parametrize(("task_type", "label"), [(TaskType.MULTILABEL, []), (TaskType.CLASSIFICATION, None)])
def test_without_annotations_an_image_has_no_classes(tmp_path, task_type, label):
    assert read_one(tmp_path, task_type=task_type)[0] == label


def test_unlabelled_images_are_not_background(tmp_path):
    images = [{"id": 1, "file_name": "a.jpg", **SIDES, "unlabelled": True}, {"id": 2, "file_name": "b.jpg"}]
    records, _ = read("coco", upload_of(tmp_path, document(images=images)), TaskType.DETECTION)
    assert [record.label for record in records] == [None, []]


def test_annotations_may_come_in_any_order_and_before_the_images(tmp_path):
    content = document(box(1, 2), box(2, 1), box(3, 2, category_id=7))
    content = {key: content[key] for key in ("annotations", "images", "categories")}
    records, report = read("coco", upload_of(tmp_path, content), TaskType.DETECTION)
    assert [[one["label"] for one in record.label] for record in records] == [["can"], ["can", "carton"], []]
    assert codes(report) == NO_FINDINGS


def test_boxes_below_one_and_a_half_throughout_a_file_are_shares_already(tmp_path):
    label, _ = read_one(tmp_path, box(bbox=(0.25, 0.25, 0.5, 0.5)), box(2, 2, bbox=(0, 0, 1, 1.0)))
    assert canonical(label, TaskType.DETECTION) == [BOX]
    tiny, _ = read_one(tmp_path, box(bbox=(0, 0, 1, 1)), box(2, 2, bbox=(0, 0, 1, 1.5)))
    assert tiny[0]["bottomX"] == 1 / 40


def test_polygons_of_shares_are_shares_and_those_of_pixels_beside_tiny_boxes_are_not(tmp_path):
    shares, _ = read_one(tmp_path, outline(segmentation=POLYGON["polygon"]), task_type=TaskType.SEGMENTATION)
    assert shares == [POLYGON]
    annotation = outline(bbox=[0, 0, 1, 1])
    assert read_one(tmp_path, annotation, task_type=TaskType.SEGMENTATION)[0] == [POLYGON]


def test_polygons(tmp_path):
    ring = [4, 2, 36, 2, 36, 18]
    annotations = outline(), outline(2, [ring, [0, 0, 4, 0, 0, 2]], category_id=7), outline(3, ring)
    label, report = read_one(tmp_path, *annotations, task_type=TaskType.SEGMENTATION)
    parts = [*POLYGON["polygon"], [0, 0, 0.1, 0, 0, 0.1]]
    assert label == [POLYGON, {"label": "carton", "isCrowd": 0, "polygon": parts}, POLYGON]
    assert codes(report) == NO_FINDINGS


@pytest.mark.parametrize(
    "counts", [BLOCK["counts"], "]65?0000000000000000000000000000000000000S6"], ids=["list", "text"]
)
def test_run_lengths_become_rings_along_the_pixels(tmp_path, counts):
    annotation = outline(segmentation={"size": [20, 40], "counts": counts}, iscrowd=1)
    label, _ = read_one(tmp_path, annotation, task_type=TaskType.SEGMENTATION)
    (one,) = canonical(label, TaskType.SEGMENTATION)
    assert (points_of(one["polygon"][0]), one["isCrowd"]) == (BLOCK_RING, 1)


def test_holes_of_masks_are_filled_and_that_is_said(tmp_path):
    label, report = read_one(tmp_path, outline(segmentation=HOLED), task_type=TaskType.SEGMENTATION)
    assert points_of(label[0]["polygon"][0]) == BLOCK_RING
    assert "filled_holes" in codes(report)
    assert "holes of 1 px" in messages(report)


def test_a_mask_of_another_size_is_stretched_and_that_is_said(tmp_path):
    mask = {"size": [10, 20], "counts": [100, 100]}
    label, report = read_one(tmp_path, outline(segmentation=mask), task_type=TaskType.SEGMENTATION)
    assert points_of(label[0]["polygon"][0]) == {(0.5, 0), (1, 0), (1, 1), (0.5, 1)}
    assert "20 × 10 px, the image 40 × 20" in messages(report)


def test_objects_without_outline_are_rectangles_for_segmentation(tmp_path):
    annotations = box(segmentation=[]), box(2), box(3, segmentation=[[1, 2, 3, 4]])
    label, report = read_one(tmp_path, *annotations, task_type=TaskType.SEGMENTATION)
    assert label[0] == label[1] == label[2]
    assert points_of(label[0]["polygon"][0]) == {(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)}
    assert messages(report).startswith("3 objects have a box and no outline")


@pytest.mark.parametrize("bbox", [None, []])
def test_boxes_that_are_missing_come_from_the_outline(tmp_path, bbox):
    annotations = outline(bbox=bbox), outline(2, BLOCK, bbox=bbox)
    label, report = read_one(tmp_path, *annotations)
    assert [tuple(one[key] for key in ("topX", "topY", "bottomX", "bottomY")) for one in label] == [
        (0.1, 0.1, 0.9, 0.9),
        (0.25, 0.25, 0.75, 0.5),
    ]
    assert codes(report) == NO_FINDINGS


def test_classes_of_images(tmp_path):
    annotations = box(1, 1), box(2, 1), box(3, 2, category_id=7), box(4, 2), {"id": 5, "image_id": 3, "category_id": 7}
    labels = [
        record.label for record in read("coco", upload_of(tmp_path, document(*annotations)), TaskType.MULTILABEL)[0]
    ]
    assert labels == [["can"], ["carton", "can"], ["carton"]]
    labels = [record.label for record in read("coco", open_upload(tmp_path), TaskType.CLASSIFICATION)[0]]
    assert labels == ["can", ["carton", "can"], "carton"]  # two names are refused by the reader of cells


def test_turned_images_by_the_size_the_file_declares(tmp_path):
    images = [{"id": 1, "file_name": "a.jpg", "width": 40, "height": 20}]
    upload = upload_of(tmp_path, document(box(bbox=(0, 0, 10, 20)), images=images))
    write_image(tmp_path / "a.jpg", (40, 20), orientation=6)  # 20 × 40 upright
    (record,) = read("coco", upload, TaskType.DETECTION)[0]
    assert {key: record.label[0][key] for key in ("topX", "topY", "bottomX", "bottomY")} == {
        "topX": 0,
        "topY": 0,
        "bottomX": 1,
        "bottomY": 0.25,
    }


def test_without_declared_sizes_the_image_is_asked(tmp_path):
    images = [{"id": 1, "file_name": "a.jpg", "width": "wide", "height": 0}, {"id": 2, "file_name": "b.jpg"}]
    records, _ = read("coco", upload_of(tmp_path, document(box(), images=images)), TaskType.DETECTION)
    assert canonical(records[0].label, TaskType.DETECTION) == [BOX]
    assert (records[0].width, records[0].height) == (None, None)


def test_an_image_that_cannot_be_opened_is_left_to_the_check_of_images(tmp_path):
    upload = make_upload(
        tmp_path, {"labels.json": document(box(), images=[{"id": 1, "file_name": "a.jpg"}]), "a.jpg": b"x"}
    )
    records, report = read("coco", upload, TaskType.DETECTION)
    assert [(record.image, record.label) for record in records] == [("a.jpg", None)]
    assert codes(report) == []


# Where images lie, splits, several files


@pytest.mark.parametrize(
    ("file", "split"),
    [
        ("annotations/instances_train2017.json", "train"),
        ("valid/_annotations.coco.json", "validation"),
        ("test.json", "test"),
        ("labels.json", ""),
    ],
)
def test_the_split_is_that_of_the_file(tmp_path, file, split):
    records, _ = read("coco", upload_of(tmp_path, document(box()), file=file), TaskType.DETECTION)
    assert {record.split for record in records} == {split}


def test_else_the_split_is_that_of_the_images_folder(tmp_path):
    images = [{"id": 1, "file_name": "val2017/a.jpg"}, {"id": 2, "file_name": "train_station.jpg"}]
    upload = upload_of(tmp_path, document(images=images), "val2017/a.jpg", "train_station.jpg")
    assert [record.split for record in read("coco", upload, TaskType.DETECTION)[0]] == ["validation", ""]


def test_images_of_the_same_name_are_told_apart_by_their_split(tmp_path):
    content = document(images=[{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "sub\\b.jpg"}])
    files = {
        "annotations/instances_train2017.json": content,
        "annotations/instances_val2017.json": content,
        "annotations/a.png": None,
    }
    images = [f"images/{split}2017/{name}" for split in ("train", "val") for name in ("a.jpg", "sub/b.jpg")]
    upload = make_upload(tmp_path, {**files, **dict.fromkeys(images)})
    records, report = read("coco", upload, TaskType.DETECTION)
    assert [record.image for record in records] == images
    assert set(codes(report)) == {"background_images"}


def test_paths_that_are_not_the_uploads_are_found_by_their_end(tmp_path):
    names = ["/home/me/data/x/a.jpg", "C:\\photos\\b.jpg", "./pictures/c.jpg"]
    images = [{"id": number, "file_name": name} for number, name in enumerate(names)]
    upload = upload_of(tmp_path, document(images=images), "photos/x/a.jpg", "photos/y/a.jpg", "photos/b.jpg", "p/c.jpg")
    records, _ = read("coco", upload, TaskType.DETECTION)
    assert [record.image for record in records] == ["photos/x/a.jpg", "photos/b.jpg", "p/c.jpg"]


def test_captions_and_keypoints_of_the_same_images_are_not_read(tmp_path):
    captions = document({"id": 1, "image_id": 1, "caption": "a can"})
    del captions["categories"]
    files = {
        "annotations/captions_val2017.json": captions,
        "annotations/instances_val2017.json": document(box()),
        "annotations/person_keypoints_val2017.json": document(box(category_id=7)),
        "package.json": {"images": 7},
        "list.json": [{"id": 1}],
    }
    upload = make_upload(tmp_path, {**files, **dict.fromkeys(NAMES)})
    records, report = read("coco", upload, TaskType.MULTILABEL)
    assert [record.label for record in records] == [["can"], [], []]
    assert ("unused_file", "annotations/person_keypoints_val2017.json", None) in findings(report)


# Detection


@pytest.mark.parametrize(
    ("annotations", "task_type"),
    [
        ([box()], TaskType.DETECTION),
        ([box(), outline(2)], TaskType.SEGMENTATION),
        ([outline(segmentation=BLOCK)], TaskType.SEGMENTATION),
        ([box(segmentation=[])], TaskType.DETECTION),
        ([{"id": 1, "image_id": 1, "category_id": 1}], TaskType.CLASSIFICATION),
        ([{"image_id": 1, "category_id": 1}, {"image_id": 1, "category_id": 7}], TaskType.MULTILABEL),
        ([], ""),
    ],
)
def test_the_task_type_is_guessed_from_the_annotations(tmp_path, annotations, task_type):
    upload = upload_of(tmp_path, document(*annotations))
    found = detect_format(upload)
    assert (found.format, "labels.json" in found.reason) == ("coco", True)
    assert get_reader("coco").guess_task_type(upload, "label") == task_type


def test_a_long_list_of_images_does_not_hide_the_annotations(tmp_path):
    images = [{"id": number, "file_name": f"{number}.jpg", "note": "x" * 500} for number in range(5_000)]
    content = document(box(), images=images)
    content["annotations"] = content.pop("annotations")  # last
    upload = upload_of(tmp_path, content, "0.jpg")
    assert detect_format(upload).format == "coco"
    assert get_reader("coco").guess_task_type(upload, "label") == TaskType.DETECTION


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[1, 2]",
        b"{",
        b'{"images": 3}',
        b'{"shapes": [{"id": 1}], "imagePath": "a.jpg"}',
        b'{"images": [{"file_name": "a.jpg"}], "annotations": []}',
        b'{"images": [{"id": 1}], "annotations": [{"id": 1, "image_id": 1, "caption": "x"}]}',
        b'{"a":' * 10_000,
    ],
)
def test_other_json_is_not_taken_for_coco(tmp_path, content):
    upload = make_upload(tmp_path, {"labels.json": content, "a.jpg": None})
    assert get_reader("coco").detect(upload) is None
    records, report = read("coco", upload, TaskType.DETECTION)
    assert (records, codes(report)) == ([], ["no_labels"])


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


def test_memory_does_not_grow_with_the_annotations(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lists, "_CHUNK", 1 << 14)

    def measure(count: int) -> int:
        images = [{"id": number, "file_name": "a.jpg", **SIDES} for number in range(count)]
        annotations = [outline(number, image_id=number % count) for number in range(2 * count)]
        upload = upload_of(tmp_path / str(count), document(*annotations, images=images), "a.jpg")
        tracemalloc.start()
        options = ReadOptions(TaskType.SEGMENTATION)
        assert sum(1 for _ in get_reader("coco").read(upload, options, Report())) == count
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    measure(10)
    assert measure(1_000) < measure(100) + 200_000  # of a file of 300 kB
