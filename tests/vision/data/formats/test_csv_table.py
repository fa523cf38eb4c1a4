"""CSV: columns by many names, labels parted in many ways, boxes a row, and that what is written is read again."""

from __future__ import annotations

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
    write_image,
)
from vision.catalog.task_types import TaskType
from vision.data.formats import ExportRow, detect_format, get_reader
from vision.data.limits import ImportLimits
from vision.errors import InvalidDatasetError

CLASSIFICATION, MULTILABEL, DETECTION = TaskType.CLASSIFICATION, TaskType.MULTILABEL, TaskType.DETECTION
IMAGES = {f"images/{name}.jpg": None for name in "abcd"}


def read_csv(folder, text: str | bytes, task_type=MULTILABEL, file="labels.csv", **options):
    return read("csv", make_upload(folder, IMAGES | {file: text}), task_type, **options)


def labels(records):
    return {record.image.removeprefix("images/").removesuffix(".jpg"): record.label for record in records}


def test_azures_table(tmp_path):
    text = "filename,labels\na.jpg,can milk\nb.jpg,can\nimages/c.jpg,milk\nd.jpg,\n"
    records, report = read_csv(tmp_path, text)
    assert labels(records) == {"a": ["can", "milk"], "b": ["can"], "c": ["milk"], "d": []}
    assert [(record.file, record.line) for record in records] == [("labels.csv", line) for line in (2, 3, 4, 5)]
    assert records[0].source == "a.jpg,can milk"
    assert codes(report) == []


def test_multi_class_takes_the_whole_cell(tmp_path):
    records, report = read_csv(tmp_path, 'image,label\na.jpg,milk bottle\nb.jpg,"x, y"\nc.jpg,\n', CLASSIFICATION)
    assert labels(records) == {"a": "milk bottle", "b": "x, y", "c": None}
    assert codes(report) == []


@pytest.mark.parametrize(
    "image", ["filename", "Image", "image_url", "File", "PATH", "Image Path", "imageUrl", "image_id"]
)
@pytest.mark.parametrize("label", ["label", "Labels", "class", "Tags", "target_column_name"])
def test_columns_go_by_many_names(tmp_path, image, label):
    records, _ = read_csv(tmp_path, f"id,{label},{image}\n0,can,a.jpg\n1,milk,b.jpg\n", CLASSIFICATION)
    assert labels(records) == {"a": "can", "b": "milk"}


def test_target_column_goes_before_others(tmp_path):
    text = "filename,label,kind\na.jpg,x,can\n"
    assert labels(read_csv(tmp_path, text, CLASSIFICATION, target_column_name="kind")[0]) == {"a": "can"}
    records, report = read_csv(tmp_path, text, CLASSIFICATION, target_column_name="sort")
    assert (records, findings(report)) == ([], [("unused_file", "labels.csv", 1)])
    assert "called sort" in messages(report)
    assert "filename, label, kind" in messages(report)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiters_and_encodings(tmp_path, delimiter, encoding):
    text = f'filename{delimiter}label\r\n"a.jpg"{delimiter} "große, ""rote""; Dose"\r\n'
    (record,), report = read_csv(tmp_path, text.encode(encoding), CLASSIFICATION)
    assert (record.label, record.line, codes(report)) == ('große, "rote"; Dose', 2, [])


def test_file_without_a_header_begins_with_an_image(tmp_path):
    upload = make_upload(tmp_path, IMAGES | {"labels.csv": "a.jpg,can,milk\nb.jpg,can\n"})
    assert detect_format(upload).confidence == 0.6
    assert get_reader("csv").guess_task_type(upload, "label") == MULTILABEL
    records, _ = read("csv", upload, MULTILABEL)
    assert labels(records) == {"a": ["can", "milk"], "b": ["can"]}
    assert records[0].line == 1


def test_names_without_extension_are_found(tmp_path):
    assert labels(read_csv(tmp_path, "image_id,label\na,can\n", CLASSIFICATION)[0]) == {"a": "can"}


def test_splits_and_groups(tmp_path):
    text = "filename,label,Split,part\na.jpg,x,valid,p1\nb.jpg,x,TEST,p2\nc.jpg,x,,p1\nd.jpg,x,fold3,p3\n"
    records, report = read_csv(tmp_path, text, CLASSIFICATION, group_column="part")
    assert [record.split for record in records] == ["validation", "test", "", ""]
    assert [record.group for record in records] == ["p1", "p2", "p1", "p3"]
    assert findings(report) == [("unknown_split", "labels.csv", 5)]
    _, report = read_csv(tmp_path, text, CLASSIFICATION, group_column="patient")
    assert findings(report)[0] == ("missing_group_column", "labels.csv", 1)


@pytest.mark.parametrize("file", ["train/_classes.csv", "train.csv", "labels_train.csv"])
def test_split_of_the_file(tmp_path, file):
    records, _ = read_csv(tmp_path, "filename,label\na.jpg,x\n", CLASSIFICATION, file=file)
    assert records[0].split == "train"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["can;milk", "can"], [["can", "milk"], ["can"]]),
        (["can|milk bottle", "can"], [["can", "milk bottle"], ["can"]]),
        (['"can, milk bottle"', "can"], [["can", "milk bottle"], ["can"]]),
        (["can milk", "can", "milk"], [["can", "milk"], ["can"], ["milk"]]),
        (['"[""can"", ""milk bottle""]"', "[]"], [["can", "milk bottle"], []]),
        (["\"['can', 'milk bottle']\"", "can"], [["can", "milk bottle"], ["can"]]),
        (["null", ""], [None, []]),
        (["can;;milk; ", "can"], [["can", "milk"], ["can"]]),
    ],
)
def test_labels_are_parted_where_that_is_certain(tmp_path, cells, expected):
    text = "filename,labels\n" + "".join(f"{name}.jpg,{cell}\n" for name, cell in zip("abcd", cells, strict=False))
    records, report = read_csv(tmp_path, text)
    assert list(labels(records).values()) == expected
    assert codes(report) == []


@pytest.mark.parametrize(
    ("cells", "expected", "line", "said"),
    [
        (["can", "milk bottle"], [["can"], ["milk", "bottle"]], 3, "parted at spaces: 'milk', 'bottle'"),
        (["can|cup;milk", "can"], [["can|cup", "milk"], ["can"]], 2, "parted at semicolons and nowhere else"),
        (['"can|cup, milk"', "can"], [["can", "cup, milk"], ["can"]], 2, "parted at bars and nowhere else"),
    ],
)
def test_what_could_be_parted_in_two_ways_is_said_with_the_other_way(tmp_path, cells, expected, line, said):
    text = "filename,labels\n" + "".join(f"{name}.jpg,{cell}\n" for name, cell in zip("abcd", cells, strict=False))
    records, report = read_csv(tmp_path, text)
    assert list(labels(records).values()) == expected
    assert findings(report) == [("separator_assumed", "labels.csv", line)]
    assert said in messages(report)
    assert '["first name", "second name"]' in messages(report)


def test_separator_that_comes_late_is_said_and_not_taken(tmp_path):
    rows = "a.jpg,can\n" * 1000 + "b.jpg,can;milk\nc.jpg,can;milk\n"
    records, report = read_csv(tmp_path, f"filename,labels\n{rows}")
    assert records[-1].label == ["can;milk"]
    assert findings(report) == [("separator_assumed", "labels.csv", 1002)]


def test_list_that_is_none_is_said(tmp_path):
    text = 'filename,labels\na.jpg,[can\nb.jpg,"[NaN]"\nc.jpg,"[[1]]"\nd.jpg,"[""can""]"\n'
    records, report = read_csv(tmp_path, text)
    assert labels(records) == {"d": ["can"]}
    assert findings(report) == [("invalid_label", "labels.csv", line) for line in (2, 3, 4)]


def test_one_column_a_class(tmp_path):
    text = "filename, can, milk bottle,split\na.jpg,1,0,\nb.jpg,1,1.0,\nc.jpg,0,0,\nd.jpg,,,\n"
    records, report = read_csv(tmp_path, text, file="valid/_classes.csv")
    assert labels(records) == {"a": ["can"], "b": ["can", "milk bottle"], "c": [], "d": None}
    assert codes(report) == []
    single, _ = read_csv(tmp_path, text.replace("b.jpg,1", "b.jpg,0"), CLASSIFICATION, file="valid/_classes.csv")
    assert labels(single) == {"a": "can", "b": "milk bottle", "c": None, "d": None}


def test_flag_that_is_none_is_said(tmp_path):
    rows = "a.jpg,1,0\n" * 1000 + "b.jpg,1,maybe\n"
    records, report = read_csv(tmp_path, f"filename,can,milk\n{rows}")
    assert len(records) == 1000
    assert findings(report) == [("invalid_label", "labels.csv", 1002)]
    assert "'milk' says 'maybe'" in messages(report)


BOXES = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
CELL = {"label": "can", "topX": 0.1, "topY": 0.25, "bottomX": 0.5, "bottomY": 0.75, "isCrowd": 0}


def test_a_row_a_box(tmp_path):
    rows = "b.jpg,40,20,milk bottle,0,0,40,20\na.jpg,40,20,can,4,5,20,15\nb.jpg,40,20,can,4,5,20,15\nc.jpg,40,20,,,,,\n"
    records, report = read_csv(tmp_path, BOXES + rows, DETECTION)
    whole = {"label": "milk bottle", "topX": 0.0, "topY": 0.0, "bottomX": 1.0, "bottomY": 1.0, "isCrowd": 0}
    assert [(record.image[-5], record.line) for record in records] == [("b", 2), ("a", 3), ("c", 5)]
    assert labels(records) == {"b": [whole, CELL], "a": [CELL], "c": []}
    assert (records[0].width, records[0].height) == (40, 20)
    assert records[0].source == "b.jpg,40,20,milk bottle,0,0,40,20\nb.jpg,40,20,can,4,5,20,15"
    assert codes(report) == []


def test_boxes_may_be_shares_of_the_image_and_that_is_said(tmp_path):
    text = "ImageID,LabelName,XMin,XMax,YMin,YMax,IsGroupOf\na,can,0.1,0.5,0.25,0.75,1\n"
    (record,), report = read_csv(tmp_path, text, DETECTION)
    assert record.label == [CELL | {"isCrowd": 1}]
    assert findings(report) == [("coordinates_taken_as_shares", "labels.csv", 2)]


def test_boxes_of_classifications_are_names(tmp_path):
    rows = "a.jpg,40,20,can,4,5,20,15\na.jpg,40,20,milk,4,5,20,15\na.jpg,40,20,can,4,5,20,15\n"
    assert labels(read_csv(tmp_path, BOXES + rows, MULTILABEL)[0]) == {"a": ["can", "milk"]}


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e999", "left", "1_0", ""])
def test_bad_box_costs_its_image_wherever_its_other_rows_are(tmp_path, number):
    rows = f"a.jpg,40,20,can,4,5,20,15\nb.jpg,40,20,can,4,5,20,15\na.jpg,40,20,can,{number},5,20,15\n"
    records, report = read_csv(tmp_path, BOXES + rows + "a.jpg,40,20,can,4,5,20,15\n", DETECTION)
    assert labels(records) == {"b": [CELL]}
    assert findings(report) == [("invalid_label", "labels.csv", 4)]
    assert f"xmin is {number!r}" in messages(report)


def test_box_without_a_name_is_said(tmp_path):
    _, report = read_csv(tmp_path, BOXES + "a.jpg,40,20,,4,5,20,15\n", DETECTION)
    assert findings(report) == [("invalid_label", "labels.csv", 2)]


def test_boxes_are_counted_on_the_image_as_it_is(tmp_path):
    write_image(tmp_path / "images/t.jpg", (80, 20))
    (record,), _ = read_csv(tmp_path, BOXES + "t.jpg,0,0,can,8,5,40,15\n", DETECTION)[0][:1], None
    assert record.label == [CELL]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("none.jpg,can", "missing_image"),
        ("../../../../etc/passwd,can", "missing_image"),
        ("file:///etc/passwd,can", "missing_image"),
        ("https://169.254.169.254/x.jpg,can", "missing_image"),
        (",can", "missing_image_url"),
        ("a.jpg", "invalid_csv"),
        ("a.jpg,can,milk", "invalid_csv"),
        (b"\xff.jpg,can", "invalid_encoding"),
    ],
)
def test_bad_row_is_said_at_its_line_and_costs_only_itself(tmp_path, row, code):
    row = row if isinstance(row, bytes) else row.encode()
    records, report = read_csv(tmp_path, b"filename,label\na.jpg,can\n" + row + b"\n\nb.jpg,can\n", CLASSIFICATION)
    assert labels(records) == {"a": "can", "b": "can"}
    assert findings(report) == [(code, "labels.csv", 3)]


def test_quote_that_is_never_closed_is_said_where_it_opens(tmp_path):
    text = 'filename,label\na.jpg,can\nb.jpg,"can\n' + "c.jpg,can\n" * 200
    records, report = read_csv(tmp_path, text, CLASSIFICATION, limits=ImportLimits(max_line_bytes=1000))
    assert findings(report)[0] == ("line_too_long", "labels.csv", 3)
    assert records[0].image == "images/a.jpg"
    text = 'filename,label\na.jpg,can\nb.jpg,"' + "x" * 140_000 + "\nc.jpg,can\n"
    records, report = read_csv(tmp_path, text, CLASSIFICATION)
    assert findings(report)[0] == ("invalid_csv", "labels.csv", 3)


def test_quotes_over_many_lines_fill_no_memory(tmp_path):
    limits = ImportLimits(max_line_bytes=2000)
    text = "filename,label\n" + 'a.jpg,"' + '\n","' * 5000 + '"\n'
    records, report = read_csv(tmp_path, text, CLASSIFICATION, limits=limits)
    assert records == []
    assert codes(report)[0] == "line_too_long"


def test_line_of_fifty_megabytes_is_never_in_memory(tmp_path):
    upload = make_upload(tmp_path, IMAGES | {"labels.csv": ""})
    with (tmp_path / "labels.csv").open("wb") as file:
        file.write(b"filename,label\na.jpg,")
        for _ in range(50):
            file.write(b"x" * (1 << 20))
        file.write(b"\nb.jpg,can\n")
    records, report = read("csv", upload, CLASSIFICATION)
    assert labels(records) == {"b": "can"}
    assert findings(report) == [("line_too_long", "labels.csv", 2)]


@pytest.mark.parametrize(
    "text", ["", "\n\n", "\x00" * 100, "a,b\n1,2\n", "filename\na.jpg\n", "filename,note\na.jpg,x\n"]
)
def test_other_tables_are_not_taken_and_said(tmp_path, text):
    upload = make_upload(tmp_path, IMAGES | {"results.csv": text})
    assert get_reader("csv").detect(upload) is None
    records, report = read("csv", upload, CLASSIFICATION)
    assert (records, findings(report)) == ([], [("unused_file", "results.csv", 1)])


def test_table_without_rows_is_said(tmp_path):
    records, report = read_csv(tmp_path, "filename,label\n", CLASSIFICATION)
    assert (records, findings(report)) == ([], [("empty_table", "labels.csv", 1)])


def test_other_table_beside_a_good_one_costs_nothing(tmp_path):
    make_upload(tmp_path, {"notes.csv": "a,b\n1,2\n"})
    records, report = read_csv(tmp_path, "filename,label\na.jpg,can\n", CLASSIFICATION)
    assert len(records) == 1
    assert report.to_dict()["errors"] == []
    assert findings(report) == [("unused_file", "notes.csv", 1)]


def test_boxes_are_not_to_be_had_from_names(tmp_path):
    with pytest.raises(InvalidDatasetError, match="holds class names"):
        read_csv(tmp_path, "filename,label\na.jpg,can\n", DETECTION)


@pytest.mark.parametrize(
    ("text", "task_type"),
    [
        ("filename,label\na.jpg,can\nb.jpg,milk bottle\n", CLASSIFICATION),
        ("filename,labels\na.jpg,can\nb.jpg,milk\n", CLASSIFICATION),
        ("filename,labels\na.jpg,can\nb.jpg,milk bottle\n", MULTILABEL),
        ("filename,label\na.jpg,can\nb.jpg,milk\nc.jpg,can milk\n", MULTILABEL),
        ("filename,label\na.jpg,can;milk\n", MULTILABEL),
        ('filename,label\na.jpg,"[""can""]"\n', MULTILABEL),
        ("filename,can,milk\na.jpg,0,1\n", MULTILABEL),
        (BOXES + "a.jpg,40,20,can,4,5,20,15\n", DETECTION),
    ],
)
def test_task_type_is_guessed(tmp_path, text, task_type):
    upload = make_upload(tmp_path, IMAGES | {"labels.csv": text})
    assert get_reader("csv").guess_task_type(upload, "label") == task_type


def test_detection_names_a_file(tmp_path):
    found = detect_format(make_upload(tmp_path, IMAGES | {"labels.csv": "filename,label\na.jpg,can\n"}))
    assert (found.format, found.reason) == ("csv", "labels.csv has a column of images and one of labels")


NAMES = ["a.jpg", "b/a.jpg", "images/a.jpg", "grün, é.jpg", 'x "y"; z.JPG', "A.jpg"]
SPLITS = ["train", "validation", "test"]


def make_rows(cells):
    return [ExportRow(NAMES[n % len(NAMES)] if n < len(NAMES) else f"{n}.jpg", SPLITS[n % 3], cell, 8, 8)
            for n, cell in enumerate(cells)]  # fmt: skip


def check_same(rows, found):
    assert sorted(found.values(), key=str) == sorted(((row.split, row.label) for row in rows), key=str)


def test_class_names_come_back(tmp_path):
    names = ["can", "Flasche groß", "a, b", 'say "x"', "[1]", " space ", "null", "a;b", "猫", "7"]
    rows = make_rows([*names, None])
    found, report = export_and_read("csv", rows, tmp_path, names, CLASSIFICATION)
    check_same(rows, found)
    assert codes(report) == []


@pytest.mark.parametrize(
    "names",
    [["can", "milk", "größe"], ["can", "milk bottle"], ["can", "a,b"], ["null", "can"], ["[x]", "can"], ["a;b", "c|d"]],
)
def test_lists_of_names_come_back(tmp_path, names):
    rows = make_rows([*([name] for name in names), names, [], None, names[::-1]])
    found, report = export_and_read("csv", rows, tmp_path, names, MULTILABEL)
    check_same(rows, found)
    assert codes(report) == []


def test_what_is_written_is_azures_table(tmp_path):
    rows = [ExportRow("a.jpg", "train", ["can", "milk"], 8, 8), ExportRow("images/b.jpg", "test", None, 8, 8)]
    upload = export("csv", rows, tmp_path, ["can", "milk"], MULTILABEL)
    assert upload.files == ["images/a.jpg", "images/b.jpg", "labels.csv"]
    text = (tmp_path / "labels.csv").read_text()
    assert text == "filename,labels,split\nimages/a.jpg,can milk,train\nimages/b.jpg,null,test\n"
    assert canonical(read("csv", upload, MULTILABEL)[0][0].label, MULTILABEL) == ["can", "milk"]
