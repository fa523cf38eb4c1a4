from __future__ import annotations

import json
import tracemalloc

import pytest

from tests.vision.data.formats.uploads import codes, export, export_and_read
from vision.catalog.task_types import TaskType
from vision.data.formats import FORMATS, ExportRow, get_writer

NAMES = ["can", "milk bottle", "Ω"]
BOXES = [
    {"label": "Ω", "topX": 0.1, "topY": 0.2, "bottomX": 0.333333, "bottomY": 1.0, "isCrowd": 1},
    {"label": "can", "topX": 0.0, "topY": 0.0, "bottomX": 1.0, "bottomY": 0.000001, "isCrowd": 0},
]
POLYGONS = [
    {"label": "can", "isCrowd": 0, "polygon": [[0.1, 0.1, 0.9, 0.123457, 0.5, 0.999999]]},
    {"label": "milk bottle", "isCrowd": 1, "polygon": [[0.0, 0.0, 0.3, 0.0, 0.3, 0.3], [0.7, 0.7, 1.0, 0.7, 1.0, 1.0]]},
]


def make_rows(label):
    return [
        ExportRow("a.jpg", "train", label, 37, 29),
        ExportRow("deep/a.jpg", "train", [], 40, 20),
        ExportRow("deep/A.jpg", "validation", label[:1], 3, 2),
        ExportRow("a b%20ü.png", "test", None, 10, 10),
        ExportRow("b.jpg", "test", label, 1000, 9),
    ]


@pytest.mark.parametrize(
    ("task_type", "label"), [(TaskType.DETECTION, BOXES), (TaskType.SEGMENTATION, POLYGONS)], ids=["boxes", "polygons"]
)
def test_what_is_written_is_read_again(tmp_path, task_type, label):
    rows = make_rows(label)
    found, report = export_and_read("coco", rows, tmp_path, NAMES, task_type)
    assert [found[image] for image in sorted(found)] == [
        ("test", None),
        ("test", label),
        ("train", label),
        ("train", []),
        ("validation", label[:1]),
    ]
    assert set(codes(report)) == {"background_images"}


def test_the_files_are_what_tools_of_coco_expect(tmp_path):
    export("coco", make_rows(POLYGONS), tmp_path, NAMES, TaskType.SEGMENTATION)
    assert sorted(path.name for path in (tmp_path / "annotations").iterdir()) == [
        "instances_test.json",
        "instances_train.json",
        "instances_val.json",
    ]
    train = json.loads((tmp_path / "annotations/instances_train.json").read_bytes())
    assert list(train) == ["info", "licenses", "categories", "images", "annotations"]
    assert [(one["id"], one["name"]) for one in train["categories"]] == [(1, "can"), (2, "milk bottle"), (3, "Ω")]
    assert train["images"] == [
        {"id": 1, "file_name": "a.jpg", "width": 37, "height": 29},
        {"id": 2, "file_name": "deep/a.jpg", "width": 40, "height": 20},
    ]
    assert (tmp_path / "images/train/deep/a.jpg").exists()
    first, second = train["annotations"]
    assert (first["id"], first["image_id"], first["category_id"], first["iscrowd"]) == (1, 1, 1, 0)
    assert first["bbox"] == pytest.approx([3.7, 2.9, 29.6, 26.1], abs=1e-3)
    assert first["segmentation"][0] == pytest.approx([3.7, 2.9, 33.3, 3.580253, 18.5, 28.999971])
    assert second["area"] == pytest.approx(2 * 0.3 * 0.3 / 2 * 37 * 29, abs=1e-3)
    assert second["iscrowd"] == 1


def test_boxes_are_written_with_their_area_and_no_outline(tmp_path):
    export("coco", make_rows(BOXES), tmp_path, NAMES, TaskType.DETECTION)
    (one, _) = json.loads((tmp_path / "annotations/instances_train.json").read_bytes())["annotations"]
    assert one["bbox"] == pytest.approx([3.7, 5.8, 8.633321, 23.2])
    assert (one["area"], one["segmentation"]) == (pytest.approx(200.293), [])


def test_unlabelled_images_say_so(tmp_path):
    export("coco", make_rows(BOXES), tmp_path, NAMES, TaskType.DETECTION)
    test = json.loads((tmp_path / "annotations/instances_test.json").read_bytes())
    assert [image.get("unlabelled") for image in test["images"]] == [True, None]


def test_an_export_without_rows_or_annotations_is_still_json(tmp_path):
    get_writer("coco").write(iter([]), tmp_path / "empty", NAMES, TaskType.DETECTION)
    assert list((tmp_path / "empty/annotations").iterdir()) == []
    get_writer("coco").write(iter([ExportRow("a.jpg", "", [], 4, 4)]), tmp_path, NAMES, TaskType.DETECTION)
    assert json.loads((tmp_path / "annotations/instances_train.json").read_bytes())["annotations"] == []


@pytest.mark.heavy
def test_memory_does_not_grow_with_the_rows(tmp_path):
    def write(count: int) -> int:
        rows = (
            ExportRow(f"{number}.jpg", "train", POLYGONS, 400, 300, f"images/train/{number}.jpg")
            for number in range(count)
        )
        tracemalloc.start()
        get_writer("coco").write(rows, tmp_path / str(count), NAMES, TaskType.SEGMENTATION)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    write(10)
    assert write(3_000) < write(300) + 200_000


def test_the_format_holds_boxes_and_polygons_only():
    assert FORMATS.get("coco").task_types == {TaskType.DETECTION, TaskType.SEGMENTATION}
