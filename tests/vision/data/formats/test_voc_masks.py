"""Masks of Pascal VOC: colours for objects and for classes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.vision.data.formats.uploads import (
    canonical,
    codes,
    findings,
    make_upload,
    messages,
    open_upload,
    read,
)
from tests.vision.data.formats.voc_files import one, xml
from vision.catalog.task_types import TaskType
from vision.data.formats.voc.labelmap import VOC_NAMES, make_voc_colour

DETECTION, SEGMENTATION = TaskType.DETECTION, TaskType.SEGMENTATION

# Masks: two objects of 8 × 8 px in an image of 40 × 20, the left one's edge void


def make_masks(left: int = 1, right: int = 2, void: int = 255):
    ids = np.zeros((20, 40), np.uint8)
    ids[4:12, 4:12] = void
    ids[5:11, 5:11] = left
    ids[4:12, 24:32] = right
    return ids


def save_palette(ids, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(ids).convert("P")
    image.putdata(ids.ravel().tolist())
    image.putpalette([channel for index in range(256) for channel in make_voc_colour(index)])
    image.save(path)


def box(left, top, right, bottom, name):
    corners = zip(("xmin", "ymin", "xmax", "ymax"), (left, top, right, bottom), strict=True)
    return one("<bndbox>" + "".join(f"<{tag}>{value}</{tag}>" for tag, value in corners) + "</bndbox>", name)


def read_masks(folder, files=(), task_type=SEGMENTATION, ids=None, classes=None):
    make_upload(folder, {"JPEGImages/a.jpg": None} | dict(files))
    save_palette(make_masks() if ids is None else ids, folder / "SegmentationObject/a.png")
    if classes is not None:
        save_palette(classes, folder / "SegmentationClass/a.png")
    return read("voc", open_upload(folder), task_type)


def bounds(instance):
    (ring,) = instance["polygon"]
    return [min(ring[::2]) * 40, min(ring[1::2]) * 20, max(ring[::2]) * 40, max(ring[1::2]) * 20]


def test_mask_objects_are_named_by_the_box_they_fill(tmp_path):
    difficult = box(4, 4, 12, 12, "can").replace("<bndbox>", "<difficult>1</difficult><bndbox>")
    text = xml(box(24, 4, 32, 12, "milk"), difficult)
    (record,), report = read_masks(tmp_path, {"Annotations/a.xml": text})
    assert [(one["label"], one["isCrowd"]) for one in record.label] == [("can", 1), ("milk", 0)]
    assert bounds(record.label[0]) == pytest.approx([5, 5, 11, 11])
    assert bounds(record.label[1]) == pytest.approx([24, 4, 32, 12])
    assert canonical(record.label, SEGMENTATION) == record.label
    assert (record.file, codes(report)) == ("Annotations/a.xml", [])


def test_mask_objects_no_box_names_are_named_by_their_class(tmp_path):
    classes = make_masks(VOC_NAMES.index("cat"), VOC_NAMES.index("person"))
    (record,), report = read_masks(tmp_path, classes=classes)
    assert [one["label"] for one in record.label] == ["cat", "person"]
    assert (record.file, codes(report)) == ("SegmentationObject/a.png", [])
    assert [len(one) for one in (read_masks(tmp_path, task_type=DETECTION, classes=classes)[0][0].label)] == [6, 6]


def test_labelmap_names_colours(tmp_path):
    red, green, blue = make_voc_colour(9)
    labelmap = f"# label:color_rgb:parts:actions\nbackground:0,0,0::\nmilk bottle:{red},{green},{blue}::\ncan:1,2::\n"
    ids = make_masks()
    ids[ids == 2] = 0
    (record,), report = read_masks(tmp_path, {"labelmap.txt": labelmap}, ids=ids, classes=make_masks(9, 9))
    assert [one["label"] for one in record.label] == ["milk bottle"]
    assert findings(report) == [("invalid_labelmap", "labelmap.txt", 4)]


def test_masks_of_colours_have_an_object_for_each(tmp_path):
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[2:6, 2:6], pixels[2:6, 10:16], pixels[6:9, 2:6] = (128, 0, 0), (0, 128, 0), (224, 224, 192)
    make_upload(tmp_path, {"JPEGImages/a.jpg": None, "Annotations/a.xml": xml(box(0, 0, 5, 5, "can"))})
    (tmp_path / "SegmentationObject").mkdir()
    Image.fromarray(pixels).save(tmp_path / "SegmentationObject/a.png")
    (record,), _ = read("voc", open_upload(tmp_path), SEGMENTATION)
    assert sorted(bounds(one) for one in record.label) == [[2, 2, 6, 6], [10, 2, 16, 6]]


def test_object_whose_class_nothing_tells_is_said(tmp_path):
    records, report = read_masks(tmp_path)
    assert records == []
    assert findings(report) == [("invalid_mask", "SegmentationObject/a.png", None)]
    assert "at 5, 5 px" in messages(report)


def test_box_without_an_outline_in_the_mask_is_said(tmp_path):
    text = xml(box(4, 4, 12, 12, "can"), box(24, 4, 32, 12, "can"), box(0, 15, 5, 20, "cup"))
    (record,), report = read_masks(tmp_path, {"Annotations/a.xml": text})
    assert len(record.label) == 2
    assert findings(report) == [("object_without_outline", "Annotations/a.xml", None)]


def test_image_without_a_mask_is_not_labelled_where_others_have_one(tmp_path):
    files = {"JPEGImages/b.jpg": None, "JPEGImages/c.jpg": None, "Annotations/b.xml": xml(one(), filename="b.jpg"),
             "Annotations/c.xml": xml(filename="c.jpg"), "Annotations/a.xml": xml(one())}  # fmt: skip
    records, _ = read_masks(tmp_path, files)
    assert {record.image: record.label for record in records if record.image != "JPEGImages/a.jpg"} == {
        "JPEGImages/b.jpg": None,
        "JPEGImages/c.jpg": [],
    }


def test_masks_of_other_sizes_and_with_holes_are_said(tmp_path):
    ids = np.zeros((10, 20), np.uint8)
    ids[2:8, 2:8] = 1
    ids[4:6, 4:6] = 0
    (record,), report = read_masks(tmp_path, {"Annotations/a.xml": xml(box(4, 4, 16, 16, "can"))}, ids=ids)
    assert bounds(record.label[0]) == pytest.approx([4, 4, 16, 16])
    assert sorted(codes(report)) == ["filled_holes", "size_mismatch"]


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\nnothing", "text"])
def test_mask_that_is_no_image_is_said(tmp_path, content):
    files = {"JPEGImages/a.jpg": None, "Annotations/a.xml": xml(one()), "SegmentationObject/a.png": content}
    records, report = read("voc", make_upload(tmp_path, files), SEGMENTATION)
    assert records == []
    assert findings(report) == [("invalid_mask", "SegmentationObject/a.png", None)]


def test_photo_in_place_of_a_mask_is_refused(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 255, (160, 160, 3), np.uint8)
    make_upload(tmp_path, {"JPEGImages/a.jpg": None, "Annotations/a.xml": xml(one())})
    (tmp_path / "SegmentationObject").mkdir()
    Image.fromarray(pixels).save(tmp_path / "SegmentationObject/a.png")
    records, report = read("voc", open_upload(tmp_path), SEGMENTATION)
    assert records == []
    assert "Is it a picture?" in messages(report)
