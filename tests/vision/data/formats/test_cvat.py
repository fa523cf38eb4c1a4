"""CVAT for images 1.1: what its shapes become, what is refused, and that what we write is read again."""

from __future__ import annotations

import pytest
from defusedxml import ElementTree

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
from vision.data.formats.cvat.document import iterate_images
from vision.data.limits import ImportLimits

BOX = '<box label="can" source="manual" occluded="0" xtl="4" ytl="4" xbr="16" ybr="12" z_order="0"></box>'
TRIANGLE = '<polygon label="can" occluded="0" points="0.00,0.00;20.00,0.00;20.00,20.00" z_order="0"/>'


def document(*images):
    lines = "\n".join(images)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n<meta><task><labels><label>'
        f"<name>can</name></label></labels></task></meta>\n{lines}\n</annotations>\n"
    )


def image(*shapes, name="a.jpg", more=""):
    return f'<image id="0" name="{name}" width="40" height="20" {more}>{"".join(shapes)}</image>'


def read_xml(folder, text, task_type=TaskType.DETECTION, files=("images/a.jpg",), **options):
    upload = make_upload(folder, {"annotations.xml": text} | dict.fromkeys(files))
    return read("cvat", upload, task_type, **options)


def test_boxes_are_pixels_of_the_image(tmp_path):
    (record,), report = read_xml(tmp_path, document(image(BOX)))
    assert canonical(record.label, TaskType.DETECTION) == [
        {"label": "can", "topX": 0.1, "topY": 0.2, "bottomX": 0.4, "bottomY": 0.6, "isCrowd": 0}
    ]
    assert (record.image, record.line, record.width, record.height) == ("images/a.jpg", 5, 40, 20)
    assert record.source == image(BOX)
    assert codes(report) == []


def test_polygons_are_outlines_or_the_boxes_around_them(tmp_path):
    (record,), _ = read_xml(tmp_path, document(image(TRIANGLE)), TaskType.SEGMENTATION)
    assert record.label[0]["polygon"] == [[0, 0, 0.5, 0, 0.5, 1]]
    (record,), _ = read_xml(tmp_path, document(image(TRIANGLE)))
    assert (record.label[0]["bottomX"], record.label[0]["bottomY"]) == (0.5, 1)


def grouped(group, label="can", x=0):
    return f'<polygon label="{label}" points="{x},0;{x + 4},0;{x + 4},4" group_id="{group}"/>'


def test_polygons_of_one_class_in_one_group_are_one_object(tmp_path):
    shapes = [grouped(1), grouped(2, x=8), grouped(1, x=16), grouped(1, "lid"), grouped(0), grouped(0)]
    (record,), _ = read_xml(tmp_path, document(image(*shapes)), TaskType.SEGMENTATION)
    assert [(one["label"], len(one["polygon"])) for one in record.label] == [
        ("can", 2),
        ("can", 1),
        ("lid", 1),
        ("can", 1),
        ("can", 1),
    ]


def test_turned_box_keeps_its_outline_and_loses_it_as_a_box(tmp_path):
    turned = BOX.replace("z_order", 'rotation="90.00" z_order')  # 12 × 8 px around (10, 8)
    (record,), report = read_xml(tmp_path, document(image(turned)), TaskType.SEGMENTATION)
    assert record.label[0]["polygon"] == [pytest.approx([0.35, 0.1, 0.35, 0.7, 0.15, 0.7, 0.15, 0.1])]
    assert codes(report) == []
    (record,), report = read_xml(tmp_path, document(image(turned)))
    found = [record.label[0][key] for key in ("topX", "topY", "bottomX", "bottomY")]
    assert found == pytest.approx([0.15, 0.1, 0.35, 0.7])
    assert findings(report) == [("rotated_box", "annotations.xml", 5)]


def test_box_as_outline_is_said(tmp_path):
    (record,), report = read_xml(tmp_path, document(image(BOX)), TaskType.SEGMENTATION)
    assert record.label[0]["polygon"] == [[0.1, 0.2, 0.4, 0.2, 0.4, 0.6, 0.1, 0.6]]
    assert codes(report) == ["box_as_outline"]


def mask(rle, left=10, top=5, width=4, height=3):
    return f'<mask label="can" rle="{rle}" left="{left}" top="{top}" width="{width}" height="{height}" z_order="0"/>'


def test_masks_are_traced_row_by_row(tmp_path):
    (record,), report = read_xml(tmp_path, document(image(mask("0, 4, 2, 2, 2, 2"))), TaskType.SEGMENTATION)
    (ring,) = record.label[0]["polygon"]
    points = {(round(x * 40), round(y * 20)) for x, y in zip(ring[::2], ring[1::2], strict=True)}
    assert points == {(10, 5), (14, 5), (14, 8), (12, 8), (12, 6), (10, 6)}
    assert codes(report) == []


def test_holes_of_masks_are_filled_and_said(tmp_path):
    _, report = read_xml(tmp_path, document(image(mask("0,5,1,6"))), TaskType.SEGMENTATION)
    assert codes(report) == ["filled_holes"]
    assert "1 px" in messages(report)


def test_mask_without_a_pixel_is_left_out_and_said(tmp_path):
    (record,), report = read_xml(tmp_path, document(image(mask("12"))), TaskType.SEGMENTATION)
    assert record.label == []
    assert codes(report) == ["empty_mask"]


@pytest.mark.parametrize(
    ("shapes", "task_type", "cell"),
    [
        (['<tag label="cat"/>'], TaskType.CLASSIFICATION, "cat"),
        (['<tag label="cat"/>', '<tag label="dog"/>', '<tag label="cat"/>'], TaskType.MULTILABEL, ["cat", "dog"]),
        (['<tag label="cat"/>', BOX], TaskType.CLASSIFICATION, "cat"),
        ([BOX, BOX], TaskType.CLASSIFICATION, "can"),
        (['<tag label="cat"/>'], TaskType.DETECTION, []),
        ([], TaskType.CLASSIFICATION, None),
    ],
)
def test_cells_of_each_task_type(tmp_path, shapes, task_type, cell):
    (record,), report = read_xml(tmp_path, document(image(*shapes)), task_type)
    assert record.label == cell
    assert codes(report) == []


def test_images_without_shapes_are_background_and_said(tmp_path):
    records, report = read_xml(tmp_path, document(image(), image(more='unlabelled="1"'), image()))
    assert [record.label for record in records] == [[], None, []]
    assert findings(report) == [("background_images", "annotations.xml", None)]
    assert "2 images" in messages(report)


@pytest.mark.parametrize(("note", "crowd"), [("true", 1), ("1", 1), ("false", 0), ("", 0)])
def test_crowds_are_an_attribute(tmp_path, note, crowd):
    one = BOX.replace("></box>", f'><attribute name="is_crowd">{note}</attribute></box>')
    (record,), _ = read_xml(tmp_path, document(image(one)))
    assert record.label[0]["isCrowd"] == crowd


def test_other_shapes_are_left_out_and_said(tmp_path):
    others = ['<points label="x" points="1,1"/>', '<polyline label="x" points="1,1;2,2"/>', "<skeleton label='x'/>"]
    (record,), report = read_xml(tmp_path, document(image(*others, BOX, '<ellipse label="x" cx="1"/>')))
    assert len(record.label) == 1
    assert findings(report) == [("unsupported_shape", "annotations.xml", 5)]
    assert "1 points, 1 polyline, 1 skeleton, 1 ellipse" in messages(report)


def test_tracks_of_videos_are_said(tmp_path):
    track = '<track id="0" label="can"><box frame="0" xtl="1" ytl="1" xbr="2" ybr="2"/></track>'
    records, report = read_xml(tmp_path, document(track, track, image(BOX)))
    assert len(records) == 1
    assert codes(report) == ["video_tracks"]
    assert "2 tracks" in messages(report)


@pytest.mark.parametrize(
    ("name", "more", "files", "expected"),
    [
        ("a.jpg", "", ["a.jpg"], "a.jpg"),
        ("a.jpg", 'subset="val"', ["images/train/a.jpg", "images/val/a.jpg"], "images/val/a.jpg"),
        ("a.jpg", 'subset="val"', ["train/a.jpg", "val/a.jpg"], "val/a.jpg"),
        ("x/a.jpg", "", ["images/x/a.jpg", "images/a.jpg"], "images/x/a.jpg"),
        ("deep/er/a.jpg", "", ["photos/a.jpg"], "photos/a.jpg"),
        ("&#228;&amp;b.jpg", "", ["images/ä&b.jpg"], "images/ä&b.jpg"),
    ],
)
def test_images_are_found_where_cvat_puts_them(tmp_path, name, more, files, expected):
    (record,), report = read_xml(tmp_path, document(image(BOX, name=name, more=more)), files=files)
    assert record.image == expected
    assert codes(report) == []


@pytest.mark.parametrize(("name", "code"), [("none.jpg", "missing_image"), ("../../etc/passwd", "missing_image")])
def test_image_that_is_not_there_is_said(tmp_path, name, code):
    records, report = read_xml(tmp_path, document(image(BOX, name=name)))
    assert records == []
    assert findings(report) == [(code, "annotations.xml", 5)]


def test_image_without_a_name_is_said(tmp_path):
    assert codes(read_xml(tmp_path, document('<image id="0"/>'))[1]) == ["missing_image_url"]


@pytest.mark.parametrize(
    ("more", "file", "split"),
    [
        ('subset="Validation"', "annotations.xml", "validation"),
        ('subset="default"', "test.xml", "test"),
        ("", "train/x.xml", "train"),
        ("", "x.xml", ""),
    ],
)
def test_subset_is_the_split(tmp_path, more, file, split):
    upload = make_upload(tmp_path, {file: document(image(BOX, more=more)), "a.jpg": None})
    (record,), _ = read("cvat", upload, TaskType.DETECTION)
    assert record.split == split


def test_image_that_exif_turns(tmp_path):
    write_image(tmp_path / "a.jpg", (40, 20), orientation=6)
    (record,), _ = read_xml(tmp_path, document(image(BOX)), files=())  # drawn on the image as it is stored, 40 × 20
    found = [record.label[0][key] for key in ("topX", "topY", "bottomX", "bottomY")]
    assert found == pytest.approx([0.4, 0.1, 0.8, 0.4])


BAD = {
    "no label": '<box xtl="1" ytl="1" xbr="2" ybr="2"/>',
    "no corner": '<box label="x" xtl="1" ytl="1" xbr="2"/>',
    "no number": BOX.replace('"16"', '"wide"'),
    "NaN": BOX.replace('"16"', '"NaN"'),
    "infinity": BOX.replace('"16"', '"1e999"'),
    "rotation": BOX.replace("z_order", 'rotation="left" z_order'),
    "points": '<polygon label="x" points="1;2;3"/>',
    "no points": '<polygon label="x"/>',
    "half a point": '<polygon label="x" points="1,2;3,"/>',
    "mask beyond": mask("0,12", left=38),
    "mask before": mask("0,12", left=-1),
    "mask of parts of pixels": mask("0,12", top=0.5),
    "mask of half the world": mask("0,12", left=0, top=0, width=10**9, height=10**9),
    "mask too long": mask("0,13"),
    "mask negative": mask("-5,12"),
    "mask words": mask("a,b"),
    "mask empty": mask(""),
    "mask number": mask("9" * 5_000),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_shape_costs_its_image_alone(tmp_path, name):
    records, report = read_xml(tmp_path, document(image(BOX, BAD[name]), image(BOX)), TaskType.SEGMENTATION)
    assert len(records) == 1
    assert findings(report)[0] == ("invalid_label", "annotations.xml", 5)


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
GOOD = document(image(BOX))


@pytest.mark.parametrize(
    ("text", "good", "code", "line"),
    [
        (GOOD.replace("<annotations>", BOMB + "<annotations>"), 0, "invalid_xml", 2),
        (GOOD.replace("<annotations>", '<!DOCTYPE x SYSTEM "file:///etc/passwd"><annotations>'), 0, "", 0),
        (GOOD[: GOOD.index("</annotations>")], 1, "invalid_xml", 6),
        (GOOD.replace("</image>", "</imag>"), 0, "invalid_xml", 5),
        (GOOD.replace("can", "\x01"), 0, "invalid_xml", 4),
        (GOOD.encode().replace(b"can", b"\xff"), 0, "invalid_xml", 4),
        (GOOD.replace("utf-8", "klingon"), 0, "invalid_xml", 1),
        ("", 0, "invalid_xml", 1),
        ("<annotation/>", 0, "unused_file", 1),
        ("<annotations>" + "<a>" * 100_000, 0, "invalid_xml", 1),
    ],
)
def test_broken_document_is_read_up_to_there(tmp_path, text, good, code, line):
    records, report = read_xml(tmp_path, text)
    if not code:  # a document type that is never fetched does no harm
        assert codes(report) == []
        return
    assert len(records) == good
    assert findings(report) == [(code, "annotations.xml", line)]


@pytest.mark.heavy
def test_points_of_fifty_megabytes_cost_no_memory(tmp_path):
    polygon = '<polygon label="x" points="' + "1.00,2.00;" * (5 << 20) + '"/>'
    _, report = read_xml(tmp_path, document(image(BOX), image(polygon)))
    assert codes(report) == ["line_too_long"]


def test_image_of_many_shapes_is_over_the_limit_and_the_next_is_not(tmp_path):
    text = document(image(BOX), image(*[BOX] * 1_000), image(BOX))
    records, report = read_xml(tmp_path, text, limits=ImportLimits(max_line_bytes=20_000))
    assert len(records) == 2
    assert findings(report) == [("line_too_long", "annotations.xml", 6)]


def test_images_across_every_border_of_what_is_read_at_once(tmp_path):
    images = [image(*[BOX] * (number % 50), name=f"ä{number}.jpg") for number in range(400)]
    path = tmp_path / "x.xml"
    path.write_text(document(*images), encoding="utf-8")
    found = list(iterate_images(path, 1 << 20))
    assert [one.text for one in found] == images
    assert [len(one.shapes) for one in found] == [number % 50 for number in range(400)]
    assert [one.line for one in found] == list(range(5, 405))


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        (['<tag label="a"/>'], TaskType.CLASSIFICATION),
        (['<tag label="a"/>', '<tag label="b"/>'], TaskType.MULTILABEL),
        ([BOX, '<tag label="b"/>'], TaskType.DETECTION),
        ([BOX, TRIANGLE], TaskType.SEGMENTATION),
        ([mask("0,12")], TaskType.SEGMENTATION),
        ([], ""),
    ],
)
def test_recognised_and_its_task_type_guessed(tmp_path, shapes, expected):
    upload = make_upload(tmp_path, {"x.xml": document(image(), image(*shapes)), "a.jpg": None})
    detection = detect_format(upload)
    assert detection.format == "cvat"
    assert "x.xml" in detection.reason
    assert get_reader("cvat").guess_task_type(upload, "label") == expected


@pytest.mark.parametrize("text", ["<annotation><filename>a.jpg</filename></annotation>", "<annotations/>", "x", ""])
def test_other_xml_is_not_taken_for_it(tmp_path, text):
    assert get_reader("cvat").detect(make_upload(tmp_path, {"x.xml": text})) is None


NAME = "Ünïcode <&\"' ☃"
CELL = {"label": NAME, "topX": 0.123457, "topY": 0.2, "bottomX": 0.5, "bottomY": 0.654321, "isCrowd": 0}
RINGS = [[0.1, 0.1, 0.5, 0.1, 0.5, 0.5], [0.6, 0.6, 0.9, 0.6, 0.9, 0.9], [0.2, 0.7, 0.3, 0.7, 0.3, 0.9]]
CELLS = {
    TaskType.CLASSIFICATION: ["can", NAME, None],
    TaskType.MULTILABEL: [["can", " 日本 "], [], None],
    TaskType.DETECTION: [[CELL, CELL | {"label": "can", "isCrowd": 1}], [], None],
    TaskType.SEGMENTATION: [
        [
            {"label": "can", "isCrowd": 1, "polygon": RINGS},
            {"label": NAME, "isCrowd": 0, "polygon": RINGS[:1]},
            {"label": "can", "isCrowd": 0, "polygon": RINGS[1:]},
        ],
        [],
        None,
    ],
}


@pytest.mark.parametrize("task_type", CELLS)
def test_what_is_written_is_read_again(tmp_path, task_type):
    rows = [
        ExportRow(f"dir ü/{number}&.jpg", split, cell, 40, 20)
        for number, (cell, split) in enumerate(zip(CELLS[task_type], ("train", "validation", "test"), strict=True))
    ]
    found, report = export_and_read("cvat", rows, tmp_path, ["can", NAME], task_type)
    assert found == {f"images/{row.name}": (row.split, row.label) for row in rows}
    assert codes(report) == ([] if task_type == TaskType.CLASSIFICATION else ["background_images"])
    root = ElementTree.parse(tmp_path / "annotations.xml").getroot()
    assert [name.text for name in root.iter("name") if name.text != "is_crowd"] == ["can", NAME]


def test_what_is_written_is_recognised(tmp_path):
    upload = export("cvat", [ExportRow("a.jpg", "", None, 40, 20)], tmp_path, [], TaskType.DETECTION)
    assert detect_format(upload).format == "cvat"
