"""JSON Lines: what a line may say, what is repaired, what is refused, and that what is written is read again."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from tests.vision.data.formats.uploads import codes, export_and_read, findings, make_upload, messages, read
from vision.catalog.task_types import TaskType
from vision.data.formats import ExportRow, detect_format, get_reader
from vision.data.formats.json_lines import InvalidLineError, iterate_lines, parse_line
from vision.data.labels import LABEL_READERS, LABEL_TYPES, InvalidLabelError
from vision.data.labels.objects import BoxObject
from vision.data.labels.polygons import PolygonObject
from vision.data.limits import DEFAULT_LIMITS, ImportLimits

BOX = {"label": "can", "topX": 0.1, "topY": 0.2, "bottomX": 0.5, "bottomY": 0.6, "isCrowd": 0}


def read_lines(folder, *lines: str | bytes, file: str = "train.jsonl", **options):
    text = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    return read("jsonl", make_upload(folder, {"images/a.jpg": b"", "images/b.jpg": b"", file: text}), **options)


def test_cells_come_raw_with_what_the_line_says_beside_them(tmp_path):
    details = {"format": "jpg", "width": "400px", "height": 300}
    line = json.dumps({"image_url": "images/a.jpg", "image_details": details, "label": [5, None, "x"], "part": 7})
    (record,), report = read_lines(tmp_path, f"  {line} ", group_column="part")
    assert (record.image, record.label, record.file, record.line) == ("images/a.jpg", [5, None, "x"], "train.jsonl", 1)
    assert (record.width, record.height, record.group, record.source) == (400, 300, "7", line)
    assert codes(report) == []


def test_null_is_a_label_and_a_missing_field_is_none(tmp_path):
    lines = ['{"image_url": "images/a.jpg", "label": null}', '{"image_url": "images/a.jpg", "lable": "x"}']
    records, report = read_lines(tmp_path, *lines)
    assert [record.label for record in records] == [None]
    assert findings(report) == [("missing_label", "train.jsonl", 2)]
    assert "'label'" in messages(report)
    assert "image_url, lable" in messages(report)


def test_another_column_may_be_the_target(tmp_path):
    (record,), _ = read_lines(tmp_path, '{"image_url": "images/a.jpg", "class": "x"}', target_column_name="class")
    assert record.label == "x"


@pytest.mark.parametrize(
    ("field", "file", "split"),
    [
        ("", "train_annotations.jsonl", "train"),
        ("val", "train_annotations.jsonl", "validation"),
        ("Test", "all.jsonl", "test"),
        ("elsewhere", "valid/all.jsonl", "validation"),
        ("", "all.jsonl", ""),
    ],
)
def test_split_of_the_line_goes_before_that_of_the_file(tmp_path, field, file, split):
    line = json.dumps({"image_url": "images/a.jpg", "label": "x"} | ({"split": field} if field else {}))
    assert read_lines(tmp_path, line, file=file)[0][0].split == split


AZURES_MALFORMED_SAMPLE = (
    '{"image_url": "images/a.jpg", "image_details": {"format": "jpg", "width": "400px", "height": "258px"}, '
    '"label": {"label": "cat", "topX": "0.5", "topY": 0.2, "bottomX": "0.3", "bottomY": 0.4, "isCrowd": "true",} }'
)


def test_trailing_commas_are_left_out_and_said(tmp_path):
    records, report = read_lines(tmp_path, AZURES_MALFORMED_SAMPLE, '{"image_url": "images/b.jpg", "label": ["a",\t],}')
    assert records[0].label["isCrowd"] == "true"
    assert records[0].source == AZURES_MALFORMED_SAMPLE
    assert records[1].label == ["a"]
    assert findings(report) == [("repaired_line", "train.jsonl", 1), ("repaired_line", "train.jsonl", 2)]
    assert {row["action"] for row in report.to_dict()["warnings"]} == {"repaired"}


@pytest.mark.parametrize("text", ["a,]", 'say \\",}\\"', "\\\\", ","])
def test_commas_in_text_are_no_trailing_commas(text):
    row, repair = parse_line(f'{{"label": "{text}", "x": [1,]}}')
    assert row == {"label": json.loads(f'"{text}"'), "x": [1]}
    assert repair


@pytest.mark.parametrize("line", ["[,]", '{"a": [ , ]}', '{"a": [1,,]}', '{"a":,}', "{,}", '{"a": 1},'])
def test_other_commas_are_not_guessed_at(line):
    with pytest.raises(InvalidLineError, match="not JSON"):
        parse_line(line)


def test_a_line_broken_off_is_said_with_its_place():
    with pytest.raises(InvalidLineError, match=r"^The line is not JSON: Invalid control character at column 9\.$"):
        parse_line('{"a": "x\n')


HOSTILE = {
    "NaN": '{"image_url": "images/a.jpg", "label": NaN}',
    "infinity": '{"image_url": "images/a.jpg", "label": -Infinity}',
    "too large a number": '{"image_url": "images/a.jpg", "label": 1e999}',
    "too many digits": '{"image_url": "images/a.jpg", "label": ' + "9" * 5_000 + "}",
    "deep lists": '{"image_url": "images/a.jpg", "label": ' + "[" * 100_000,
    "deep objects": '{"label": ' * 100_000,
    "cut off": '{"image_url": "images/a.jpg", "label": [{"label": "c',
    "escapes without end": '{"a": ' + '\\"' * 50_000 + ",}",
    "open brackets and commas": "[,{,:" * 50_000,
    "not UTF-8": b'{"image_url": "images/a.jpg", "label": "\xff\xfe"}',
    "a list": "[1, 2]",
    "text": '"image"',
    "control character": '{"image_url": "images/a.jpg", "label": "a\x01b"}',
    "two objects": '{"image_url": "images/a.jpg"} {"label": "x"}',
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE)
def test_hostile_line_costs_itself_alone(tmp_path, line):
    records, report = read_lines(tmp_path, line, '{"image_url": "images/b.jpg", "label": "last"}')
    assert [record.label for record in records] == ["last"]
    assert findings(report) == [("invalid_json", "train.jsonl", 1)]


def test_line_of_fifty_megabytes_is_passed_over(tmp_path):
    line = '{"image_url": "' + "x" * (50 << 20) + '"}'
    records, report = read_lines(tmp_path, line, '{"image_url": "images/b.jpg", "label": "last"}')
    assert [record.line for record in records] == [2]
    assert findings(report) == [("line_too_long", "train.jsonl", 1)]


def test_lines_that_are_dropped_by_choice_are_warnings(tmp_path):
    _, report = read_lines(tmp_path, "{", drops_invalid_lines=True)
    assert report.error_count == 0
    assert codes(report) == ["invalid_json"]


def test_half_of_a_surrogate_pair_reaches_no_report(tmp_path):
    line = r'{"image_url": "\ud800.jpg", "label": "x", "part": "\udfff"}'
    good = r'{"image_url": "images/a.jpg", "label": "x", "part": "\udfff"}'
    (record,), report = read_lines(tmp_path, line, good, group_column="part")
    record.group.encode()
    json.dumps(report.to_dict(), ensure_ascii=False).encode()


def test_images_are_found_from_the_table_then_above_it(tmp_path):
    files = {"set/ann/images/a.jpg": b"", "set/images/b.jpg": b"", "c.jpg": b""}
    urls = ["images/a.jpg", "images/b.jpg", "c.jpg", "./images/../images/a.jpg", "azureml://datastores/d/paths/x/c.jpg"]
    lines = [{"image_url": url, "label": "x"} for url in urls]
    records, report = read("jsonl", make_upload(tmp_path, files | {"set/ann/train.jsonl": lines}))
    found = ["set/ann/images/a.jpg", "set/images/b.jpg", "c.jpg", "set/ann/images/a.jpg", "c.jpg"]
    assert [record.image for record in records] == found
    assert codes(report) == []


def test_image_that_is_not_there_is_said_with_its_name(tmp_path):
    lines = [
        '{"image_url": "a.jpg", "label": "x"}',
        '{"image_url": "https://host/q.jpg", "label": "x"}',
        '{"label": 1}',
    ]
    _, report = read_lines(tmp_path, *lines)
    assert findings(report) == [
        ("missing_image", "train.jsonl", 1),
        ("missing_image", "train.jsonl", 2),
        ("missing_image_url", "train.jsonl", 3),
    ]
    assert "There is images/a.jpg" in messages(report)
    assert "not fetched" in messages(report)


def test_byte_order_mark_and_blank_lines_are_no_lines(tmp_path):
    records, report = read_lines(tmp_path, b'\xef\xbb\xbf{"image_url": "images/a.jpg", "label": "x"}\r', "  ", "\r")
    assert [(record.line, record.source[0]) for record in records] == [(1, "{")]
    assert codes(report) == []


def test_line_at_the_limit_is_read_and_one_over_is_not(tmp_path):
    (tmp_path / "x").write_bytes(b'{"a":1}\n{"a":12}\n{}')
    assert list(iterate_lines(tmp_path / "x", max_bytes=8)) == [(1, b'{"a":1}\n'), (2, None), (3, b"{}")]


def test_limits_of_the_import_count(tmp_path):
    line = '{"image_url": "images/a.jpg", "label": "xxxxxxxxxx"}'
    assert codes(read_lines(tmp_path, line, limits=ImportLimits(max_line_bytes=20))[1]) == ["line_too_long"]


@pytest.mark.parametrize(
    ("label", "task_type"),
    [
        ("can", TaskType.CLASSIFICATION),
        (["can"], TaskType.MULTILABEL),
        ([BOX], TaskType.DETECTION),
        ([{"label": "can", "polygon": [[0, 0, 1, 0, 1, 1]]}], TaskType.SEGMENTATION),
    ],
)
def test_task_type_is_guessed_from_the_first_label_that_says_anything(tmp_path, label, task_type):
    rows = [{"image_url": "a.jpg", "label": None}, {"image_url": "a.jpg", "label": []}]
    upload = make_upload(tmp_path, {"x.jsonl": [*rows, {"image_url": "a.jpg", "label": label}]})
    assert get_reader("jsonl").guess_task_type(upload, "label") == task_type


def test_json_lines_are_known_by_their_image_urls(tmp_path):
    upload = make_upload(tmp_path, {"log.jsonl": "{broken\n", "x.jsonl": [{"image_url": "a.jpg", "label": "x"}]})
    detection = detect_format(upload)
    assert (detection.format, detection.confidence) == ("jsonl", 0.9)
    assert "x.jsonl" in detection.reason


CELLS = {
    TaskType.CLASSIFICATION: ["can", "Ünïcode ☃ \U0001f600", 'a "quoted" \\ name', None],
    TaskType.MULTILABEL: [["can", "日本"], [], None],
    TaskType.DETECTION: [[BOX, BOX | {"label": "é", "isCrowd": 1}], [], None],
    TaskType.SEGMENTATION: [
        [{"label": "can", "isCrowd": 1, "polygon": [[0.1, 0.1, 0.5, 0.1, 0.5, 0.5], [0.6, 0.6, 0.9, 0.6, 0.9, 0.9]]}],
        [],
        None,
    ],
}


@pytest.mark.parametrize("task_type", CELLS)
def test_what_is_written_is_read_again(tmp_path, task_type):
    splits = ("train", "validation", "test", "train")
    rows = [
        ExportRow(f"dir ü/{number}.jpg", split, cell, 40, 20)
        for number, (cell, split) in enumerate(zip(CELLS[task_type], splits, strict=False))
    ]
    found, report = export_and_read("jsonl", rows, tmp_path, ["can"], task_type)
    assert found == {f"images/{row.name}": (row.split, row.label) for row in rows}
    assert codes(report) == []
    assert (tmp_path / "training-mltable-folder/MLTable").is_file()


POLYGON = {"label": "can", "isCrowd": 0, "bbox": [1, 2], "polygon": [[0.1, 0.1, 0.4, 0.1, 0.4, 0.5]]}
WRITTEN: list[object] = [
    *("can", "", 5, None, [], ["can", "carton"], ["can", "can"], [5], {"label": "can"}, "\ud800"),
    *(
        [BOX],
        BOX,
        [BOX, BOX | {"label": "carton", "score": 0.5}],
        [BOX | {"isCrowd": value} for value in (1, True, "1")],
    ),
    *(
        [BOX | {"topX": "0.1"}],
        [BOX | {"topX": 0.5}],
        [BOX | {"topX": 0.9}],
        [BOX | {"topX": -0.001}],
        [BOX | {"topX": 9}],
    ),
    *([BOX | {"topX": 0}], [{"label": "can"}], [BOX | {"label": 5}], [BOX | {"label": "\ud800"}], [None], [[BOX]]),
    *([POLYGON], [POLYGON | {"polygon": [[0.1, 0.1]]}], [POLYGON | {"polygon": [[0.1, 0.1, 0.1, 0.1, 0.1, 0.5]]}]),
    *([POLYGON | {"polygon": POLYGON["polygon"] * 3}], [POLYGON | {"polygon": []}], [POLYGON, BOX]),
]
FURTHER: list[dict[str, object]] = [
    *({}, {"split": "val"}, {"split": 5}, {"split": None}, {"label2": [None, {"a": "\ud800"}]}),
    *({"image_details": details} for details in (None, "400px", {}, {"width": "400px", "height": 300, "format": 5})),
    {"image_details": {"width": [400], "height": 1e300}},
    *({"image_url": url} for url in (None, "", 7, "images/none.jpg", " images/a.jpg", "./images/b.jpg")),
    {"image_url": "azureml://subscriptions/s/workspaces/w/datastores/d/paths/photos/images/b.jpg"},
]
BROKEN: list[str | bytes] = [
    b'{"image_url": "images/a.jpg", "label": null, "note": "\xff"}',
    b'{"image_url": "images/a.jpg", "label": "\xff"}',
    '{"image_url": "images/a.jpg", "label": null, "note": NaN}',
    '{"image_url": "images/a.jpg", "label": [], "label": null}',
    '{"image_url": "images/a.jpg", "label": [1,]}',
    '["images/a.jpg"]',
    "{",
]


@pytest.mark.parametrize("task_type", LABEL_READERS)
@pytest.mark.parametrize("target", ["label", "what it is", "split"])
def test_lines_as_azure_writes_them_are_read_at_once_and_alike(tmp_path, task_type, target):
    rows = [{"image_url": "images/a.jpg", target: cell} | rest for cell in WRITTEN for rest in FURTHER]
    lines = [*(json.dumps(row) for row in rows), *BROKEN]
    options = {"task_type": task_type, "target_column_name": target}
    at_once, report = read_lines(tmp_path / "quick", *lines, **options)
    parsed, other = read_lines(tmp_path / "parsed", *lines, **options, group_column="no such field")
    assert [read_cell(record, task_type) for record in at_once] == [read_cell(record, task_type) for record in parsed]
    assert report.to_dict() == other.to_dict()
    objects = {type(one) for record in at_once if isinstance(record.label, list) for one in record.label}
    of_its_own = objects & {BoxObject, PolygonObject}
    assert of_its_own == (set() if target == "split" else {*get_args(LABEL_TYPES[task_type])} - {str})
    kinds = {type(record.label) for record in parsed if record.label is not None}
    assert len(parsed) > len(WRITTEN)
    assert {str, int, list, dict} <= kinds


def read_cell(record, task_type):
    try:
        cell = LABEL_READERS[task_type](record.label, DEFAULT_LIMITS)
    except InvalidLabelError as error:
        cell = (str(error), error.code)
    kept = (record.image, record.file, record.line, record.split, record.source, record.width, record.height)
    return kept, cell
