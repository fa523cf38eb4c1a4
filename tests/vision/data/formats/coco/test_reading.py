from __future__ import annotations

import json

import pytest

from tests.vision.data.formats.coco.documents import NAMES, SIDES, box, document, outline, upload_of
from tests.vision.data.formats.coco.reading import BLOCK, BOX, NO_FINDINGS, read_one
from tests.vision.data.formats.uploads import (
    canonical,
    codes,
    make_upload,
    messages,
    open_upload,
    read,
    write_image,
)
from vision.catalog.task_types import TaskType

POLYGON = {"label": "can", "isCrowd": 0, "polygon": [[0.1, 0.1, 0.9, 0.1, 0.9, 0.9]]}
HOLED = {"size": [20, 40], "counts": [205, *[5, 15] * 9, 2, 1, 2, 15, *[5, 15] * 9, 5, 210]}
BLOCK_RING = {(0.25, 0.25), (0.75, 0.25), (0.75, 0.5), (0.25, 0.5)}


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
