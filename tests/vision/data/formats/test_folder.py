"""Image folders: which folders are classes, which are splits, and that what is written is read again."""

from __future__ import annotations

import pytest

from tests.vision.data.formats.uploads import codes, export, export_and_read, findings, make_upload, read
from vision.catalog.task_types import TaskType
from vision.data.formats import ExportRow, detect_format, get_reader
from vision.errors import InvalidDatasetError


def read_files(folder, *files: str, task_type=TaskType.CLASSIFICATION):
    records, report = read("folder", make_upload(folder, dict.fromkeys(files)), task_type)
    return {record.image: (record.split, record.label) for record in records}, report


@pytest.mark.parametrize("wrapper", ["", "my set/", "my set/data/images/", "train set/"])
def test_folders_are_classes(tmp_path, wrapper):
    found, report = read_files(
        tmp_path, f"{wrapper}cat/1.jpg", f"{wrapper}cat/young/2.jpg", f"{wrapper}Große Tiere/1.png"
    )
    assert found == {
        f"{wrapper}cat/1.jpg": ("", "cat"),
        f"{wrapper}cat/young/2.jpg": ("", "cat"),
        f"{wrapper}Große Tiere/1.png": ("", "Große Tiere"),
    }
    assert codes(report) == []


@pytest.mark.parametrize("wrapper", ["", "flowers/"])
def test_folders_of_splits_are_recognised(tmp_path, wrapper):
    files = ["Train/cat/1.jpg", "train/dog/1.jpg", "valid/cat/1.jpg", "TEST/dog/1.jpg", "extra/1.jpg"]
    found, _ = read_files(tmp_path, *(wrapper + file for file in files))
    assert list(found.values()) == [
        ("test", "dog"),
        ("train", "cat"),
        ("", "extra"),
        ("train", "dog"),
        ("validation", "cat"),
    ]


def test_one_split_alone_and_one_class_alone(tmp_path):
    assert read_files(tmp_path / "1", "train/cat/1.jpg")[0] == {"train/cat/1.jpg": ("train", "cat")}
    assert read_files(tmp_path / "2", "cat/1.jpg")[0] == {"cat/1.jpg": ("", "cat")}
    assert read_files(tmp_path / "3", "set/cat/1.jpg")[0] == {"set/cat/1.jpg": ("", "cat")}


def test_class_may_be_called_like_a_split(tmp_path):
    assert read_files(tmp_path / "1", "test/1.jpg", "real/1.jpg")[0]["test/1.jpg"] == ("", "test")
    assert read_files(tmp_path / "2", "train/test/1.jpg", "val/real/1.jpg")[0]["train/test/1.jpg"] == ("train", "test")


def test_images_of_no_class_are_unlabelled_and_said(tmp_path):
    files = ["1.jpg", "train/cat/1.jpg", "train/2.jpg", "test/3.jpg"]
    found, report = read_files(tmp_path, *files)
    assert found == {
        "1.jpg": ("", None),
        "test/3.jpg": ("test", None),
        "train/2.jpg": ("train", None),
        "train/cat/1.jpg": ("train", "cat"),
    }
    assert codes(report) == ["no_class_folder"] * 3


def test_images_beside_class_folders_in_a_wrapper(tmp_path):
    found, report = read_files(tmp_path, "photos/1.jpg", "photos/cat/1.jpg", "photos/dog/1.jpg")
    assert [label for _, label in found.values()] == [None, "cat", "dog"]
    assert findings(report) == [("no_class_folder", "", None)]


@pytest.mark.parametrize(
    "files",
    [
        ["1.jpg", "2.jpg"],
        ["images/1.jpg"],
        ["JPEGImages/1.jpg", "SegmentationClass/1.png"],
        ["train/1.jpg", "val/1.jpg"],
        ["train/images/1.jpg", "val/images/1.jpg"],
        ["set/images/1.jpg", "set/labels/1.png"],
        [],
    ],
)
def test_images_without_classes_are_not_this_format(tmp_path, files):
    assert get_reader("folder").detect(make_upload(tmp_path, dict.fromkeys(files) | {"notes.txt": "x"})) is None


def test_detection_gives_way_to_annotation_files(tmp_path):
    files = {"train/cat/1.jpg": None, "train/dog/1.jpg": None}
    found = detect_format(make_upload(tmp_path, files))
    assert (found.format, found.confidence) == ("folder", 0.4)
    assert found.reason == "train/cat is one of 2 folders named after classes (the layout of YOLO classification)"
    lines = {"a.jsonl": [{"image_url": "train/cat/1.jpg", "label": "x"}]}
    assert detect_format(make_upload(tmp_path, lines)).format == "jsonl"


def test_one_class_is_said(tmp_path):
    found = detect_format(make_upload(tmp_path, {"cat/1.jpg": None}))
    assert found.reason == "all images lie in one folder, cat, taken as their class"


def test_multi_class_is_guessed_and_multi_label_may_be_asked_for(tmp_path):
    assert (
        get_reader("folder").guess_task_type(make_upload(tmp_path, {"cat/1.jpg": None}), "") == TaskType.CLASSIFICATION
    )
    found, _ = read_files(tmp_path, "cat/1.jpg", "dog/1.jpg", "2.jpg", task_type=TaskType.MULTILABEL)
    assert [label for _, label in found.values()] == [None, ["cat"], ["dog"]]


@pytest.mark.parametrize("task_type", [TaskType.DETECTION, TaskType.SEGMENTATION])
def test_boxes_are_not_to_be_had(tmp_path, task_type):
    with pytest.raises(InvalidDatasetError, match="Folders name classes"):
        read_files(tmp_path, "cat/1.jpg", task_type=task_type)


LABELS = ["Flasche groß", "a/b", "..", ".hidden", "ends.", " spaces ", "100%2F", "_unlabelled_", "train", "a:b?", "猫"]


def test_labels_come_back(tmp_path):
    splits = ["train", "validation", "test"]
    rows = [ExportRow(f"x/{n}.jpg", splits[n % 3], label, 8, 8) for n, label in enumerate([*LABELS, None])]
    found, report = export_and_read("folder", rows, tmp_path, LABELS, TaskType.CLASSIFICATION)
    by_name = {image.split("/", 2)[2]: value for image, value in found.items()}
    assert by_name == {row.name: (row.split, row.label) for row in rows}
    assert codes(report) == []


def test_where_images_are_placed(tmp_path):
    rows = [
        ExportRow("a.jpg", "train", "cat", 8, 8),
        ExportRow("train/cat/a.jpg", "train", "cat", 8, 8),
        ExportRow("dog/a.jpg", "validation", "cat", 8, 8),
        ExportRow("b.jpg", "test", None, 8, 8),
    ]
    assert export("folder", rows, tmp_path, ["cat"], TaskType.CLASSIFICATION).files == [
        "test/_unlabelled_/b.jpg",
        "train/cat/a.jpg",
        "train/cat/a_2.jpg",
        "val/cat/dog/a.jpg",
    ]
