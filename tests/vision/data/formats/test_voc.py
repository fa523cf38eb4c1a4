"""Pascal VOC: boxes, polygons and masks, the folders they come in, and that what is written is read again."""

from __future__ import annotations

import pytest

from tests.vision.data.formats.uploads import (
    codes,
    findings,
    make_upload,
    messages,
    open_upload,
    read,
    write_image,
)
from tests.vision.data.formats.voc_files import BOX, CELL, RING, one, xml
from vision.catalog.task_types import TaskType
from vision.data.formats import detect_format, get_reader
from vision.data.limits import ImportLimits

DETECTION, SEGMENTATION = TaskType.DETECTION, TaskType.SEGMENTATION


def read_xml(folder, text: str | bytes, task_type=DETECTION, **options):
    upload = make_upload(folder, {"JPEGImages/a.jpg": None, "Annotations/a.xml": text})
    return read("voc", upload, task_type, **options)


def test_boxes_are_divided_by_the_image(tmp_path):
    text = xml(one("<difficult>1</difficult>" + BOX), one(name="milk bottle"))
    (record,), report = read_xml(tmp_path, text)
    assert record.label == [CELL | {"isCrowd": 1}, CELL | {"label": "milk bottle"}]
    assert (record.image, record.file, record.width, record.height) == ("JPEGImages/a.jpg", "Annotations/a.xml", 40, 20)
    assert record.source == text
    assert codes(report) == []


def test_image_without_objects_is_background(tmp_path):
    (record,), report = read_xml(tmp_path, xml())
    assert (record.label, codes(report)) == ([], [])


def test_the_images_own_size_counts_where_none_or_a_wrong_one_is_given(tmp_path):
    texts = {
        f"{n}.xml": xml(one(), filename=f"{n}.jpg", size=size) for n, size in enumerate([(0, 0), None, (400, 200)])
    }
    upload = make_upload(tmp_path, texts | {f"{n}.jpg": None for n in range(3)})
    records, report = read("voc", upload, DETECTION)
    assert [record.label for record in records] == [[CELL]] * 3
    assert [(record.width, record.height) for record in records] == [(None, None), (None, None), (400, 200)]
    assert codes(report) == ["missing_size"]
    assert "2 annotations" in messages(report)


def test_boxes_drawn_on_a_turned_image_are_turned_with_it(tmp_path):
    make_upload(tmp_path, {"a.xml": xml(one())})
    write_image(tmp_path / "a.jpg", (40, 20), orientation=6)  # upright 20 × 40
    (record,), _ = read("voc", open_upload(tmp_path), DETECTION)
    assert record.label == [CELL | {"topX": 0.25, "topY": 0.1, "bottomX": 0.75, "bottomY": 0.5}]


def test_parts_of_an_object_and_deleted_objects_are_no_objects(tmp_path):
    part = f"{BOX}<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>"
    (record,), report = read_xml(tmp_path, xml(one(part), one("<deleted>1</deleted>")))
    assert (record.label, codes(report)) == ([CELL], [])


def test_classifications_take_the_names(tmp_path):
    text = xml(one(), one(), one(name="milk"))
    assert read_xml(tmp_path, text, TaskType.MULTILABEL)[0][0].label == ["can", "milk"]
    assert read_xml(tmp_path, text, TaskType.CLASSIFICATION)[0][0].label == ["can", "milk"]
    assert read_xml(tmp_path, xml(one(), one()), TaskType.CLASSIFICATION)[0][0].label == "can"
    assert read_xml(tmp_path, xml(), TaskType.CLASSIFICATION)[0][0].label is None


@pytest.mark.parametrize(
    ("filename", "assumed"),
    [
        ("a.jpg", False),
        ("C:\\photos\\a.jpg", False),
        ("/home/x/VOC/JPEGImages/a.jpg", False),
        (None, True),
        ("", True),
        ("old_name.jpg", True),
        ("a.png", True),
        ("../../../etc/passwd", True),
        ("file:///etc/passwd", True),
    ],
)
def test_filename_or_failing_that_the_name_of_the_xml_finds_the_image(tmp_path, filename, assumed):
    (record,), report = read_xml(tmp_path, xml(one(), filename=filename))
    assert record.image == "JPEGImages/a.jpg"
    assert findings(report) == ([("repaired_image_name", "Annotations/a.xml", None)] if assumed else [])
    if assumed and filename:
        assert filename in messages(report)


@pytest.mark.parametrize("filename", ["../../../../../../../../etc/passwd", "/etc/passwd", "", None, "x\ty.jpg"])
def test_image_that_is_nowhere_is_said_and_nothing_outside_is_looked_at(tmp_path, filename):
    upload = make_upload(tmp_path, {"other.jpg": None, "Annotations/a.xml": xml(one(), filename=filename)})
    records, report = read("voc", upload, DETECTION)
    assert records == []
    assert findings(report) == [("missing_image", "Annotations/a.xml", None)]


def test_same_names_in_several_folders_are_kept_apart(tmp_path):
    files = {f"{year}/{folder}/a.{end}": content for year in ("VOC2007", "VOC2012")
             for folder, end, content in (("JPEGImages", "jpg", None), ("Annotations", "xml", xml(one())))}  # fmt: skip
    records, report = read("voc", make_upload(tmp_path, files), DETECTION)
    assert [record.image for record in records] == ["VOC2007/JPEGImages/a.jpg", "VOC2012/JPEGImages/a.jpg"]
    assert codes(report) == []


def test_lists_of_imagesets_are_the_splits(tmp_path):
    files = {f"VOCdevkit/VOC2012/Annotations/{n}.xml": xml(filename=f"{n}.jpg") for n in "abcde"}
    files |= {f"VOCdevkit/VOC2012/JPEGImages/{n}.jpg": None for n in "abcde"}
    lists = {"train": "a\n", "val": "b\r\n", "trainval": "a\nb\nc\n", "test": "d  1\nnot there\n", "can_train": "e 1\n"}
    files |= {f"VOCdevkit/VOC2012/ImageSets/Main/{name}.txt": text for name, text in lists.items()}
    records, report = read("voc", make_upload(tmp_path, files), DETECTION)
    assert [record.split for record in records] == ["train", "validation", "train", "test", ""]
    assert codes(report) == []


def test_folders_are_the_splits_where_there_are_no_lists(tmp_path):
    files = {f"{split}/a.{end}": content for split in ("train", "valid", "test", "contest")
             for end, content in (("xml", xml(one())), ("jpg", None))}  # fmt: skip
    records, _ = read("voc", make_upload(tmp_path, files), DETECTION)
    assert {record.image.split("/")[0]: record.split for record in records} == {
        "train": "train", "valid": "validation", "test": "test", "contest": ""
    }  # fmt: skip


@pytest.mark.parametrize(
    ("inner", "line", "said"),
    [
        (BOX.replace("4", "nan"), 6, "'nan'"),
        (BOX.replace("20", "inf"), 6, "'inf'"),
        (BOX.replace("5<", "1_0<"), 6, "'1_0'"),
        (BOX.replace("<xmin>4</xmin>", "\n<xmin>left</xmin>"), 7, "'left'"),
        (BOX.replace("<ymax>15</ymax>", ""), 6, "no <ymax>"),
        ("", 4, "neither <bndbox> nor <polygon>"),
        ("<bndbox/>", 4, "neither <bndbox> nor <polygon>"),
        ("<polygon><x1>1</x1><y1>2</y1><x2>1</x2></polygon>", 6, "no <y2>"),
    ],
)
def test_object_that_cannot_be_read_costs_the_image_and_is_said_at_its_line(tmp_path, inner, line, said):
    records, report = read_xml(tmp_path, xml(one(inner)))
    assert records == []
    assert findings(report) == [("invalid_label", "Annotations/a.xml", line)]
    assert said in messages(report)


def test_object_without_a_name_is_said(tmp_path):
    _, report = read_xml(tmp_path, xml(one(), one(name=" ")))
    assert findings(report) == [("invalid_label", "Annotations/a.xml", 8)]


BOMB = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
HOSTILE = [
    (
        f'<!DOCTYPE a [<!ENTITY l0 "lol">{BOMB}]><annotation><filename>&l11;</filename></annotation>',
        "invalid_xml",
        None,
    ),
    ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation>&x;</annotation>', "invalid_xml", None),
    ('<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1/x"> %x;]><annotation/>', "invalid_xml", None),
    ("<annotation>\n<object></annotation>", "invalid_xml", 2),
    ("<annotation>" + "<a>" * 200_000, "invalid_xml", 1),
    ('<?xml version="1.0" encoding="utf-7"?><annotation/>', "invalid_xml", None),
    ('<?xml version="1.0" encoding="nonsense"?><annotation/>', "invalid_xml", None),
    (b"<annotation><filename>\xff\xfe</filename></annotation>", "invalid_xml", 1),
    (b"\x00" * 5000, "invalid_xml", 1),
    ("", "invalid_xml", 1),
    ("<html/>", "unused_file", None),
]


@pytest.mark.parametrize(("text", "code", "line"), HOSTILE)
def test_hostile_xml_is_said_at_its_line_and_costs_only_itself(tmp_path, text, code, line):
    files = {"a.xml": text, "a.jpg": None, "b.xml": xml(one(), filename="b.jpg"), "b.jpg": None}
    records, report = read("voc", make_upload(tmp_path, files), DETECTION)
    assert [record.image for record in records] == ["b.jpg"]
    assert [(found, file, at or None) for found, file, at in findings(report)] == [(code, "a.xml", line)]


def test_xml_over_the_limit_is_not_opened(tmp_path):
    records, report = read_xml(tmp_path, xml(one()), limits=ImportLimits(max_line_bytes=100))
    assert records == []
    assert findings(report) == [("file_too_large", "Annotations/a.xml", 0)]


def test_xml_in_other_encodings(tmp_path):
    text = '<?xml version="1.0" encoding="{}"?>' + xml(one(name="Flasche groß"))
    for encoding in ("utf-16", "iso-8859-1"):
        (record,), _ = read_xml(tmp_path, text.format(encoding).encode(encoding))
        assert record.label[0]["label"] == "Flasche groß"


@pytest.mark.parametrize(
    "polygon",
    [
        "<x1>4</x1><y1>5</y1><x2>20</x2><y2>5</y2><x3>20</x3><y3>15</y3>",
        "<pt><x>4</x><y>5</y></pt><pt><x>20</x><y>5</y></pt><pt><x>20</x><y>15</y></pt>",
    ],
)
def test_polygons_are_rings_and_for_detection_boxes(tmp_path, polygon):
    text = xml(one(f"<polygon>{polygon}</polygon>" * 2))
    (record,), report = read_xml(tmp_path, text, SEGMENTATION)
    assert record.label == [{"label": "can", "isCrowd": 0, "polygon": [RING, RING]}]
    assert read_xml(tmp_path, text, DETECTION)[0][0].label == [CELL]
    assert codes(report) == []


def test_box_among_outlines_becomes_its_rectangle_and_that_is_said(tmp_path):
    polygon = "<polygon><x1>4</x1><y1>5</y1><x2>20</x2><y2>5</y2><x3>20</x3><y3>15</y3></polygon>"
    (record,), report = read_xml(tmp_path, xml(one(polygon), one()), SEGMENTATION)
    assert record.label[1]["polygon"] == [[0.1, 0.25, 0.5, 0.25, 0.5, 0.75, 0.1, 0.75]]
    assert findings(report) == [("box_as_outline", "Annotations/a.xml", 8)]


def test_task_type_is_guessed_by_outlines(tmp_path):
    polygon = "<polygon><x1>4</x1><y1>5</y1><x2>20</x2><y2>5</y2><x3>20</x3><y3>15</y3></polygon>"
    guess = get_reader("voc").guess_task_type
    assert guess(make_upload(tmp_path / "1", {"a.xml": xml(one()), "b.xml": "<x"}), "label") == DETECTION
    assert (
        guess(make_upload(tmp_path / "2", {"a.xml": xml(one()), "b.xml": xml(one(polygon))}), "label") == SEGMENTATION
    )
    assert guess(make_upload(tmp_path / "3", {"SegmentationObject/a.png": None}), "label") == SEGMENTATION


def test_detection_names_a_file(tmp_path):
    found = detect_format(make_upload(tmp_path / "1", {"a/a.xml": xml(), "a/a.jpg": None}))
    assert (found.format, found.reason) == ("voc", "a/a.xml is a Pascal VOC annotation")
    assert get_reader("voc").detect(make_upload(tmp_path / "2", {"pom.xml": "<project/>", "a.jpg": None})) is None
