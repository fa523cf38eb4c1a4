"""Annotation files of any content whatever: readers report what they find and raise nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vision.data.formats.uploads import make_upload, read
from vision.catalog.task_types import TaskType
from vision.data.formats import detect_formats, get_reader
from vision.data.limits import ImportLimits

pytestmark = pytest.mark.heavy

FILES = {
    "voc": ("Annotations/a.xml", b"<annotation><object><name>x</name><bndbox><xmin>1</xmin>"),
    "yolo": ("labels/a.txt", b"0 0.5 0.5 0.1 0.1\n0 0.1 0.1 0.2 0.2 0.3 0.3\n"),
    "labelme": (
        "a.json",
        b'{"shapes": [{"label": "x", "points": [[1, 2], [3, 4]], "shape_type": "rectangle"}], "imagePath": "a.jpg", '
        b'"imageData": "AA", "flags": {"x": true}}',
    ),
    "huggingface": (
        "metadata.jsonl",
        b'{"file_name": "a.jpg", "labels": ["x"], "objects": {"bbox": [[1, 2, 3, 4]], "categories": ["x"]}}\n',
    ),
    "csv": ("labels.csv", b'filename,label,xmin,ymin,xmax,ymax\na.jpg,x,1,2,3,4\n"b'),
}
PIECES = st.sampled_from(
    [
        b"\n",
        b"\r",
        b'"',
        b",",
        b" ",
        b"<",
        b"</a>",
        b"&x;",
        b"nan",
        b"1e999",
        b"\xff\xfe",
        b"\xe3\x80\x80",
        b"\x00",
        b"[1",
    ]
)
CONTENTS = st.lists(PIECES | st.binary(max_size=20), max_size=12).map(b"".join)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("task_type", [TaskType.MULTILABEL, TaskType.DETECTION])
@settings(max_examples=40, deadline=None, derandomize=True)
@given(content=CONTENTS, place=st.integers(0, 150))
def test_nothing_is_raised(name, task_type, content, place):
    file, start = FILES[name]
    if name == "csv" and task_type == TaskType.MULTILABEL:
        start = b"filename,labels\na.jpg,x y\n"
    with tempfile.TemporaryDirectory() as folder:
        files = {"images/a.jpg": None, file: start[:place] + content + start[place:]}
        if name == "yolo":
            files["data.yaml"] = "names: [x]\n"
        upload = make_upload(Path(folder), files)
        detect_formats(upload)
        get_reader(name).guess_task_type(upload, "label")
        if name == "csv" and task_type == TaskType.DETECTION and not is_box_table(upload):
            task_type = TaskType.CLASSIFICATION  # class names for boxes are refused, and rightly
        records, report = read(name, upload, task_type, limits=ImportLimits(max_line_bytes=1000))
        assert all(record.image in upload for record in records)
        assert records or report.to_dict()["counts"]["errors"] + report.to_dict()["counts"]["warnings"]


def is_box_table(upload):
    return get_reader("csv").guess_task_type(upload, "label") == TaskType.DETECTION
