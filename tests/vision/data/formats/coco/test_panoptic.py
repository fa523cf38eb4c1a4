from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.vision.data.formats.coco.documents import SIDES, upload_of
from tests.vision.data.formats.uploads import canonical, codes, messages, open_upload, read
from vision.catalog.task_types import TaskType
from vision.data.formats import get_reader

CAN, SKY, CARTON = 300, 70_000, 5
CATEGORIES = [
    {"id": 1, "name": "can", "isthing": 1},
    {"id": 2, "name": "sky", "isthing": 0},
    {"id": 3, "name": "carton", "isthing": 1},
]
SEGMENTS = [
    {"id": CAN, "category_id": 1, "iscrowd": 1},
    {"id": SKY, "category_id": 2},
    {"id": CARTON, "category_id": 3, "bbox": [0, 0, 9, 9]},
]


def save_mask(path, ids):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.stack([ids % 256, ids // 256 % 256, ids // 65536], axis=2).astype(np.uint8)).save(path)


def make_ids() -> np.ndarray:
    ids = np.full((20, 40), SKY)
    ids[5:10, 10:30] = CAN
    ids[7, 20] = 0
    ids[15:20, 0:4] = CARTON
    return ids


@pytest.fixture
def upload(tmp_path):
    def make(segments=SEGMENTS, mask="annotations/panoptic_val2017/a.png", **more):
        annotation = {"image_id": 9, "file_name": "a.png", "segments_info": segments}
        content = {"images": [{"id": 9, "file_name": "a.jpg", **SIDES}], "annotations": [annotation]}
        content |= {"categories": CATEGORIES, **more}
        upload_of(tmp_path, content, "val2017/a.jpg", file="annotations/panoptic_val2017.json")
        if mask:
            save_mask(tmp_path / mask, make_ids())
        return open_upload(tmp_path)

    return make


def test_things_become_instances(upload):
    opened = upload()
    assert get_reader("coco").detect(opened).confidence > 0.9
    assert get_reader("coco").guess_task_type(opened, "label") == TaskType.SEGMENTATION
    (record,), report = read("coco", opened, TaskType.SEGMENTATION)
    assert (record.image, record.split) == ("val2017/a.jpg", "validation")
    cell = canonical(record.label, TaskType.SEGMENTATION)
    assert [(one["label"], one["isCrowd"], len(one["polygon"])) for one in cell] == [("can", 1, 1), ("carton", 0, 1)]
    assert sorted(cell[1]["polygon"][0]) == [0, 0, 0.1, 0.1, 0.75, 0.75, 1, 1]
    assert codes(report) == ["filled_holes", "stuff_left_out"]


def test_boxes_and_classes_come_from_the_mask(upload):
    (record,), _ = read("coco", upload(), TaskType.DETECTION)
    box = {"label": "can", "topX": 0.25, "topY": 0.25, "bottomX": 0.75, "bottomY": 0.5, "isCrowd": 1}
    assert canonical(record.label, TaskType.DETECTION)[0] == box
    (record,), _ = read("coco", upload(), TaskType.MULTILABEL)
    assert record.label == ["can", "carton"]


def test_the_mask_may_lie_anywhere_it_is_found(upload):
    (record,), _ = read("coco", upload(mask="elsewhere/a.png"), TaskType.SEGMENTATION)
    assert len(record.label) == 2


def test_an_image_of_stuff_only_is_background(upload):
    (record,), _ = read("coco", upload(segments=SEGMENTS[1:2]), TaskType.SEGMENTATION)
    assert record.label == []


@pytest.mark.parametrize(
    ("segments", "code", "why"),
    [
        ([{"id": 77, "category_id": 1}], "invalid_mask", "no pixel of segment 77"),
        ([{"id": CAN, "category_id": 8}], "unknown_category", "category 8, which the file does not list"),
        ([{"id": "x", "category_id": 1}], "invalid_label", "id is no colour"),
        ([{"id": 2**24, "category_id": 1}], "invalid_label", "id is no colour"),
        ([7], "invalid_label", "id is no colour"),
        ([{"id": CAN, "category_id": 1, "iscrowd": 7}], "invalid_label", "iscrowd"),
        ({"id": CAN}, "invalid_label", "no list of segments_info"),
    ],
)
def test_wrong_segments_cost_the_image(upload, segments, code, why):
    records, report = read("coco", upload(segments=segments), TaskType.SEGMENTATION)
    assert (records, codes(report)[:2]) == ([], [code, "no_usable_annotation"])
    assert why in messages(report)


def test_a_missing_or_broken_mask_costs_the_image(upload, tmp_path):
    records, report = read("coco", upload(mask=""), TaskType.SEGMENTATION)
    assert (records, codes(report)[0]) == ([], "missing_mask")
    (tmp_path / "a.png").write_bytes(b"none")
    records, report = read("coco", open_upload(tmp_path), TaskType.SEGMENTATION)
    assert (records, codes(report)[0]) == ([], "invalid_mask")
