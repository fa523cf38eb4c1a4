"""LabelMe: pictures packed into the annotation files are passed by, or taken out where the image file is missing."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from tests.vision.data.formats.labelme.documents import RECTANGLE, document, read_one
from tests.vision.data.formats.uploads import codes, make_upload, messages, read
from vision.catalog.task_types import TaskType
from vision.data.limits import ImportLimits

pytestmark = pytest.mark.heavy


def with_picture(size, **more):
    picture = base64.b64encode(bytes(size)).decode()
    return document(RECTANGLE, imageData=picture, **more)


@pytest.mark.parametrize("size", [10, 1 << 20, 3 << 20])
def test_pictures_packed_into_the_file_are_passed_by(tmp_path, size):
    content = with_picture(size, zoom=7)
    (record,), report = read_one(tmp_path, content, limits=ImportLimits(max_line_bytes=2000))
    assert json.loads(record.source) == content | {"imageData": ""}
    assert codes(report) == []


@pytest.mark.parametrize("start", range((1 << 20) - 20, 1 << 20))
def test_picture_that_begins_at_the_end_of_a_chunk(tmp_path, start):
    head = '{"x": "' + " " * (start - 10) + '", '
    text = head + json.dumps(with_picture(100_000))[1:]
    (record,), _ = read_one(tmp_path, text, limits=ImportLimits(max_line_bytes=(1 << 20) + 3000))
    assert '"imageData": ""' in record.source


@pytest.mark.parametrize(
    "limits", [ImportLimits(max_line_bytes=100), ImportLimits(max_image_bytes=1000)], ids=["text", "picture"]
)
def test_files_over_a_limit_are_not_read(tmp_path, limits):
    records, report = read_one(tmp_path, with_picture(10_000), limits=limits)
    assert records == []
    assert codes(report) == ["file_too_large"]


@pytest.mark.parametrize("escape", [{}, {"/": "\\/"}, {"A": "A\\n"}], ids=["plain", "slashes", "lines"])
@pytest.mark.parametrize(("width", "height"), [(40, 20), (1300, 900)])
def test_missing_image_whose_picture_is_in_the_file(tmp_path, width, height, escape):
    picture = io.BytesIO()
    noise = np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(noise).save(picture, "PNG", compress_level=0)
    packed = base64.b64encode(picture.getvalue()).decode()
    text = json.dumps(document(RECTANGLE, path="C:\\photos\\gone.png", imageData="@"))
    text = text.replace("@", packed.translate(str.maketrans(escape)))
    upload = make_upload(tmp_path / "own", {"x/b.json": text, "x/c.json": text, "y/gone.txt": "x"})
    records, report = read("labelme", upload, TaskType.DETECTION)
    assert [record.image for record in records] == ["x/gone.png", "x/c-gone.png"]
    assert codes(report) == []
    for record in records:
        assert upload.path(record.image).read_bytes() == picture.getvalue()
    assert not (tmp_path / "own" / "x" / "gone.png").exists()


@pytest.mark.parametrize("packed", ["no Base64!", "AAAAA", "AAA=AAAA" * 10])
def test_picture_that_cannot_be_taken_out(tmp_path, packed):
    content = document(RECTANGLE, path="gone.png", imageData=packed)
    records, report = read_one(tmp_path / "own", content, name="b.json")
    assert records == []
    assert codes(report) == ["embedded_image"]
    assert "gone.png is not in the upload" in messages(report)
    assert "not Base64" in messages(report)
    assert "add the image file" in messages(report)
    assert list((tmp_path / "own-embedded").iterdir()) == []
