"""Hugging Face's image folders: their columns, what is refused, and that what we write is read again."""

from __future__ import annotations

import json

import pytest

from tests.vision.data.formats.uploads import (
    canonical,
    codes,
    export,
    export_and_read,
    findings,
    make_upload,
    messages,
    read,
)
from vision.catalog.task_types import TaskType
from vision.data.formats import ExportRow, detect_format, detect_formats, get_reader
from vision.data.limits import ImportLimits

CAN = {"label": "can", "topX": 0.1, "topY": 0.2, "bottomX": 0.4, "bottomY": 0.6, "isCrowd": 0}
BOX = [4, 4, 12, 8]
CARD = """---
license: mit
dataset_info:
- config_name: default
  features:
  - name: label
    dtype:
      class_label:
        names:
          '0': cat
          '1': dog
  - name: labels
    sequence:
      class_label:
        names: {'0': indoor, '1': outdoor}
  - name: objects
    sequence:
    - name: bbox
      sequence: float32
    - name: category
      dtype:
        class_label:
          names: {'0': can, '1': carton}
---
# Photos
"""


def read_rows(folder, rows, task_type=TaskType.CLASSIFICATION, file="metadata.jsonl", files=("a.jpg",), **options):
    """Rows as JSON lines, text as it is."""
    upload = make_upload(folder, {file: rows} | {name: None for name in files if name != "README.md"})
    return read("huggingface", upload, task_type, **options)


@pytest.mark.parametrize(
    ("columns", "task_type", "cell"),
    [
        ({"label": "cat"}, TaskType.CLASSIFICATION, "cat"),
        ({"label": None}, TaskType.CLASSIFICATION, None),
        ({"labels": "cat"}, TaskType.CLASSIFICATION, "cat"),
        ({"labels": ["cat", "dog"]}, TaskType.MULTILABEL, ["cat", "dog"]),
        ({"labels": []}, TaskType.MULTILABEL, []),
        ({"labels": None}, TaskType.MULTILABEL, None),
        ({"label": "cat", "objects": {"bbox": [BOX], "categories": ["can"]}}, TaskType.CLASSIFICATION, "cat"),
        ({"objects": {"bbox": [BOX] * 2, "categories": ["can"] * 2}}, TaskType.CLASSIFICATION, "can"),
        ({"objects": {"bbox": [], "categories": []}}, TaskType.DETECTION, []),
        ({"objects": {}}, TaskType.DETECTION, []),
        ({"objects": []}, TaskType.DETECTION, []),
        ({"objects": None, "label": "cat"}, TaskType.DETECTION, None),
    ],
)
def test_cells_of_each_task_type(tmp_path, columns, task_type, cell):
    (record,), report = read_rows(tmp_path, [{"file_name": "a.jpg"} | columns], task_type)
    assert (record.label, record.image, record.line) == (cell, "a.jpg", 1)
    assert json.loads(record.source) == {"file_name": "a.jpg"} | columns
    assert codes(report) == []


@pytest.mark.parametrize(
    "objects",
    [
        {"bbox": [BOX], "categories": ["can"]},
        {"bbox": [BOX], "category": ["can"], "id": [1], "area": [96]},
        {"bboxes": [BOX], "labels": ["can"], "iscrowd": [0]},
        [{"bbox": BOX, "category": "can", "is_crowd": False}],
        [{"bbox": ["4", 4.0, 12, 8], "label": "can"}],
    ],
)
def test_objects_are_lists_of_columns_or_of_rows(tmp_path, objects):
    rows = [{"file_name": "a.jpg", "objects": objects}]
    (record,), report = read_rows(tmp_path, rows, TaskType.DETECTION)
    assert canonical(record.label, TaskType.DETECTION) == [CAN]
    assert codes(report) == []


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ({"bbox": [BOX]}, "no categories"),
        ({"categories": ["can"]}, "no bbox"),
        ({"bbox": [BOX, BOX], "categories": ["can"]}, "2 in bbox, 1 in categories"),
        ({"bbox": [BOX], "categories": ["can"], "iscrowd": []}, "0 in iscrowd"),
        ({"bbox": BOX, "categories": "can"}, "are lists"),
        ({"bbox": [BOX], "categories": ["can"], "iscrowd": 1}, "is a list"),
        ({"bbox": [BOX], "categories": ["can"], "iscrowd": ["maybe"]}, "0 or 1"),
        ({"bbox": [[1, 2, 3]], "categories": ["can"]}, "[x, y, width, height]"),
        ({"bbox": [[1, 2, -3, 4]], "categories": ["can"]}, "negative"),
        ({"bbox": [[1, 2, None, 4]], "categories": ["can"]}, "not a number"),
        ({"bbox": [BOX], "categories": [None]}, "text, not null"),
        ([{"bbox": BOX}], "no category"),
        ([BOX], "a list"),
        ("cans", "not text"),
        (7, "not a number"),
    ],
)
def test_wrong_objects_are_named(tmp_path, objects, words):
    rows = [{"file_name": "a.jpg", "objects": {}}, {"file_name": "b.jpg", "objects": objects}]
    (record,), report = read_rows(tmp_path, rows, TaskType.DETECTION, files=("a.jpg", "b.jpg"))
    assert record.image == "a.jpg"
    assert findings(report) == [("invalid_label", "metadata.jsonl", 2)]
    assert words in messages(report)


def test_crowds(tmp_path):
    objects = {"bbox": [BOX] * 3, "categories": ["can"] * 3, "iscrowd": [1, 0, True]}
    (record,), _ = read_rows(tmp_path, [{"file_name": "a.jpg", "objects": objects}], TaskType.DETECTION)
    assert [one["isCrowd"] for one in record.label] == [1, 0, 1]


def test_boxes_as_outlines_are_said(tmp_path):
    rows = [{"file_name": "a.jpg", "objects": {"bbox": [BOX], "categories": ["can"]}}]
    (record,), report = read_rows(tmp_path, rows, TaskType.SEGMENTATION)
    assert record.label[0]["polygon"] == [[0.1, 0.2, 0.4, 0.2, 0.4, 0.6, 0.1, 0.6]]
    assert codes(report) == ["box_as_outline"]


def test_numbers_of_classes_are_named_by_the_card(tmp_path):
    rows = [{"file_name": "a.jpg", "label": 1, "labels": [0, 1], "objects": {"bbox": [BOX] * 2, "category": [1, 7]}}]
    make_upload(tmp_path, {"README.md": CARD})
    for task_type, cell in [(TaskType.CLASSIFICATION, "dog"), (TaskType.MULTILABEL, ["indoor", "outdoor"])]:
        target = "label" if task_type == TaskType.CLASSIFICATION else "labels"
        (record,), _ = read_rows(tmp_path, rows, task_type, "train/metadata.jsonl", target_column_name=target)
        assert record.label == cell
    (record,), report = read_rows(tmp_path, rows, TaskType.DETECTION, "train/metadata.jsonl")
    assert [one["label"] for one in record.label] == ["carton", 7]
    assert codes(report) == []


@pytest.mark.parametrize(
    "card", ["# No head", "---\nno end", "", "---\n---\n", "---\ndataset_info: [1, {name: label}]\n---"]
)
def test_cards_that_name_no_classes(tmp_path, card):
    make_upload(tmp_path, {"README.md": card})
    (record,), report = read_rows(tmp_path, [{"file_name": "a.jpg", "label": 1}])
    assert (record.label, codes(report)) == (1, [])


@pytest.mark.parametrize("head", ["a: [", "a: !!python/object:os.system x", "a: &x [*x]", "- 1"])
def test_card_that_cannot_be_read_is_said(tmp_path, head):
    make_upload(tmp_path, {"README.md": f"---\n{head}\n---\n"})
    (record,), report = read_rows(tmp_path, [{"file_name": "a.jpg", "label": 1}])
    assert record.label == 1
    assert findings(report) == [("invalid_card", "README.md", None)]


@pytest.mark.parametrize(
    ("file", "name", "columns", "split"),
    [
        ("train/metadata.jsonl", "a.jpg", {}, "train"),
        ("data/validation/metadata.jsonl", "deep/a.jpg", {}, "validation"),
        ("test/metadata.csv", "a.jpg", {}, "test"),
        ("metadata.jsonl", "test/a.jpg", {}, "test"),
        ("metadata.csv", "test/a.jpg", {}, "test"),
        ("metadata.jsonl", "a.jpg", {}, ""),
        ("train/metadata.jsonl", "a.jpg", {"split": "test"}, "test"),
    ],
)
def test_splits(tmp_path, file, name, columns, split):
    folder = file.rpartition("/")[0]
    row = {"file_name": name, "label": "cat"} | columns
    content = [row] if file.endswith("jsonl") else f"{','.join(row)}\n{','.join(row.values())}\n"
    image = f"{folder}/{name}".lstrip("/")
    (record,), report = read_rows(tmp_path, content, file=file, files=[image])
    assert (record.image, record.split, codes(report)) == (image, split, [])


def test_group_and_size(tmp_path):
    rows = [{"file_name": "a.jpg", "label": "cat", "width": 40, "height": 20, "patient": 7}]
    (record,), _ = read_rows(tmp_path, rows, group_column="patient")
    assert (record.width, record.height, record.group) == (40, 20, "7")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"file_name": "a.jpg", "label": NaN}', "invalid_json"),
        ("[1]", "invalid_json"),
        ("{", "invalid_json"),
        ('{"label": "cat"}', "missing_image_url"),
        ('{"file_name": 7, "label": "cat"}', "missing_image_url"),
        ('{"file_name": "gone.jpg", "label": "cat"}', "missing_image"),
        ('{"file_name": "../../etc/passwd", "label": "cat"}', "missing_image"),
        ('{"file_name": "a.jpg", "text": "a cat"}', "missing_label"),
        ('{"file_name": "a.jpg", "label": "' + "x" * 1000 + '"}', "line_too_long"),
    ],
)
def test_wrong_lines_are_named_and_the_others_read(tmp_path, line, code):
    good = '{"file_name": "a.jpg", "label": "cat"}'
    records, report = read_rows(tmp_path, f"{good}\n{line}\n{good}\n", limits=ImportLimits(max_line_bytes=200))
    assert [record.line for record in records] == [1, 3]
    assert findings(report) == [(code, "metadata.jsonl", 2)]


def test_trailing_comma_is_repaired_and_said(tmp_path):
    (record,), report = read_rows(tmp_path, '{"file_name": "a.jpg", "label": "cat",}')
    assert (record.label, codes(report)) == ("cat", ["repaired_line"])


@pytest.mark.parametrize("file", ["metadata.jsonl", "metadata.csv"])
def test_file_without_rows(tmp_path, file):
    records, report = read_rows(tmp_path, "\n", file=file)
    assert (records, codes(report)) == ([], ["empty_table"])


def test_another_column_may_hold_the_label(tmp_path):
    rows = [{"file_name": "a.jpg", "label": "wrong", "kind": "cat", "things": {"bbox": [BOX], "categories": ["can"]}}]
    (record,), _ = read_rows(tmp_path, rows, target_column_name="kind")
    assert record.label == "cat"
    (record,), _ = read_rows(tmp_path, rows, TaskType.DETECTION, target_column_name="things")
    assert canonical(record.label, TaskType.DETECTION) == [CAN]


@pytest.mark.parametrize(
    ("table", "task_type", "cell"),
    [
        ("file_name,label\na.jpg,cat\n", TaskType.CLASSIFICATION, "cat"),
        ("file_name;label\na.jpg;cat\n", TaskType.CLASSIFICATION, "cat"),
        ("file_name,label\na.jpg,\n", TaskType.CLASSIFICATION, None),
        ("file_name,labels\na.jpg,cat;dog\n", TaskType.MULTILABEL, ["cat", "dog"]),
        ('file_name,labels\na.jpg,"[""cat"", ""dog""]"\n', TaskType.MULTILABEL, ["cat", "dog"]),
        ("file_name,label,xmin,ymin,xmax,ymax\na.jpg,can,4,4,16,12\n", TaskType.DETECTION, [CAN]),
        (
            'file_name,objects\na.jpg,"{""bbox"": [[4, 4, 12, 8]], ""categories"": [""can""]}"\n',
            TaskType.DETECTION,
            [CAN],
        ),
        ("file_name,objects\na.jpg,\n", TaskType.DETECTION, None),
    ],
)
def test_tables(tmp_path, table, task_type, cell):
    (record,), report = read_rows(tmp_path, table, task_type, "metadata.csv")
    assert canonical(record.label, task_type) == cell
    assert (record.line, codes(report)) == (2, [])


@pytest.mark.parametrize(
    ("table", "task_type", "expected"),
    [
        ("file_name,label\na.jpg,cat\n", TaskType.DETECTION, ["missing_label"]),
        ("file_name,text\na.jpg,some words\n", TaskType.CLASSIFICATION, ["missing_label"]),
        ("file_name,objects\na.jpg,{'bbox': []}\n", TaskType.DETECTION, ["invalid_label"]),
        ("file_name,objects\na.jpg,{},\n", TaskType.DETECTION, ["invalid_csv", "empty_table"]),
    ],
)
def test_tables_that_cannot_be_used(tmp_path, table, task_type, expected):
    records, report = read_rows(tmp_path, table, task_type, "metadata.csv")
    assert records == []
    assert codes(report) == expected
    assert findings(report)[0] == (expected[0], "metadata.csv", 2)


@pytest.mark.parametrize(
    ("file", "content", "task_type"),
    [
        ("metadata.jsonl", [{"file_name": "a.jpg", "label": "cat"}], TaskType.CLASSIFICATION),
        ("metadata.jsonl", [{"file_name": "a.jpg", "label": 1}], TaskType.CLASSIFICATION),
        ("metadata.jsonl", [{"file_name": "a.jpg", "labels": [1]}], TaskType.MULTILABEL),
        ("metadata.jsonl", [{"file_name": "a.jpg", "objects": {"bbox": [], "categories": []}}], TaskType.DETECTION),
        ("metadata.csv", "file_name,label\na.jpg,cat\n", TaskType.CLASSIFICATION),
        ("metadata.csv", "file_name,labels\na.jpg,cat dog\n", TaskType.MULTILABEL),
        ("metadata.csv", "file_name,objects\na.jpg,{}\n", TaskType.DETECTION),
    ],
)
def test_detection_and_guess(tmp_path, file, content, task_type):
    upload = make_upload(tmp_path, {f"train/{file}": content, "train/a.jpg": None})
    found = detect_format(upload)
    assert (found.format, found.reason) == ("huggingface", f"train/{file} names images in file_name")
    assert get_reader("huggingface").guess_task_type(upload, "label") == task_type


def test_folders_of_classes_go_before_metadata_without_labels(tmp_path):
    files = {"train/cat/a.jpg": None, "train/dog/b.jpg": None}
    upload = make_upload(tmp_path, files | {"train/metadata.jsonl": [{"file_name": "cat/a.jpg", "text": "a cat"}]})
    assert detect_formats(upload)[0].format == "folder"


def test_what_is_written_comes_back(tmp_path):
    crowd = CAN | {"isCrowd": 1}
    rows = [ExportRow("a.jpg", "train", [CAN, crowd], 40, 20), ExportRow("test/b.jpg", "validation", [], 40, 20)]
    rows += [ExportRow("b.jpg", "validation", None, 40, 20)]
    found, report = export_and_read("huggingface", rows, tmp_path, ["can"], TaskType.DETECTION)
    assert found == {
        "train/a.jpg": ("train", [CAN, crowd]),
        "validation/b.jpg": ("validation", []),
        "validation/b_2.jpg": ("validation", None),
    }
    assert codes(report) == []


def test_written_rows_are_as_the_loader_wants_them(tmp_path):
    upload = export("huggingface", [ExportRow("a.jpg", "", [CAN], 40, 20)], tmp_path, ["can"], TaskType.DETECTION)
    written = json.loads(upload.path("train/metadata.jsonl").read_text())
    assert written["file_name"] == "a.jpg"
    assert written["objects"] == {"bbox": [BOX], "categories": ["can"], "iscrowd": [0]}
