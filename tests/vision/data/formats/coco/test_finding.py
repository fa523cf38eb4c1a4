"""Which files of an upload are COCO's, where their images lie, and to which split they belong."""

from __future__ import annotations

import pytest

from tests.vision.data.formats.coco.documents import NAMES, box, document, outline, upload_of
from tests.vision.data.formats.coco.reading import BLOCK
from tests.vision.data.formats.uploads import (
    codes,
    findings,
    make_upload,
    read,
)
from vision.catalog.task_types import TaskType
from vision.data.formats import detect_format, get_reader


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
