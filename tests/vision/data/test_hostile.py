"""Uploads that mean harm: refused by name, at their place, without taking memory, disk or time."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from PIL import Image

from tests.datasets.factories import MLTABLE, dataset_files, image_bytes, json_lines, zip_bytes
from tests.vision.data.imports import MemorySink, rows_of
from vision.data.importing import ImportOptions, import_dataset
from vision.data.limits import ImportLimits
from vision.data.options import ImportSettings, read_settings
from vision.errors import DarkroomError

pytestmark = pytest.mark.heavy

TABLE = "training-mltable-folder/MLTable"
LINES = "training-mltable-folder/train_annotations.jsonl"


def run(tmp_path, files, settings=None, **limits):
    source = tmp_path / "source.zip"
    source.write_bytes(zip_bytes(files))
    work = Path(tempfile.mkdtemp(dir=tmp_path))
    options = ImportOptions(work_dir=work, limits=ImportLimits(**limits), settings=settings or ImportSettings())
    return import_dataset(source, MemorySink(), options, lambda phase, fraction: None)


def codes(result) -> dict[str, int]:
    return result.report["counts"]["by_code"]


@pytest.mark.parametrize(
    "line",
    [
        '{"image_url": "images/training_0.jpg", "label": "a", "x": NaN}',
        '{"image_url": "images/training_0.jpg", "label": Infinity}',
        '{"image_url": "images/training_0.jpg", "label": 1e999}',
        "[" * 200_000,
        '{"a":' * 100_000,
        '{"image_url": {"$ref": "#"}, "label": "a"}',
        '{"image_url": "images/training_0.jpg", "label": "\\u0000"}',
        '{"image_url": "images/training_0.jpg\\u0000", "label": "a"}',
        '{"image_url": "' + "../" * 50 + 'etc/passwd", "label": "a"}',
        '{"image_url": "/etc/passwd", "label": "a"}',
        '{"image_url": "file:///etc/passwd", "label": "a"}',
        '{"image_url": "http://127.0.0.1:6379/", "label": "a"}',
        '{"image_url": "https://[::1]:80]/x.jpg", "label": "a"}',
        '{"image_url": "\\ud800", "label": "a"}',
        "\x00" * 1000,
        '"just text"',
        "true",
        "-",
    ],
)
def test_one_hostile_line_costs_itself(tmp_path, line):
    files = dataset_files(validation=0)
    files[LINES] += line + "\n" + json.dumps({"image_url": "images/training_1.jpg", "label": "after"})
    result = run(tmp_path, files)
    assert [(row["file"], row["line"]) for row in result.report["errors"]] == [(LINES, 13)]
    assert "after" in result.label_names


def test_a_line_of_fifty_megabytes_is_not_read(tmp_path):
    files = dataset_files(validation=0)
    files[LINES] += '{"image_url": "' + "x" * (50 << 20) + '"}\n'
    result = run(tmp_path, files)
    assert [(row["code"], row["line"]) for row in result.report["errors"]] == [("line_too_long", 13)]


@pytest.mark.parametrize(
    "table",
    [
        "paths: !!python/object/apply:os.system ['touch /tmp/owned']\n",
        "paths: !!python/name:os.system\n",
        "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a, *a, *a, *a, *a, *a, *a]\n" for n in range(60)),
        "paths:\n  - file: ../../../../etc/passwd\n",
        "paths:\n  - file: /etc/passwd\n",
        "paths:\n  - folder: /\n",
        "paths: [" + "[" * 5000,
        "\x00",
        "- just\n- a list\n",
        "paths: 7\n",
        MLTABLE.format(file="train_annotations.jsonl") + "  - take: -5\n",
        MLTABLE.format(file="train_annotations.jsonl") + "  - take: true\n",
    ],
)
def test_a_hostile_mltable_is_named(tmp_path, table):
    with pytest.raises(DarkroomError) as caught:
        run(tmp_path, dataset_files(validation=0) | {TABLE: table})
    assert caught.value.report["errors"][0]["file"] == TABLE
    assert not Path("/tmp/owned").exists()


def pixel_bomb() -> bytes:
    """A PNG of a few kilobytes that claims, and has, 20,000 × 20,000 pixels."""
    target = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(target, "PNG", compress_level=9)
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "an SVG drawing"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "an HTML page"),
        (b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "an XML document"),
        (b"%PDF-1.7", "a PDF"),
        (b"PK\x03\x04", "a zip archive"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 100, ""),
        (b"GIF89a\xff\xff\xff\xff", ""),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, ""),
        (pixel_bomb, "million pixels"),
    ],
)
def test_what_is_no_image_is_named(tmp_path, content, words):
    files = dataset_files(validation=0) | {"images/x.jpg": content() if callable(content) else content}
    files[LINES] += json_lines([{"image_url": "images/x.jpg", "label": "red"}])
    (row,) = run(tmp_path, files).report["errors"]
    assert (row["line"], row["image"]) == (13, "images/x.jpg")
    assert words in row["message"]


def test_names_that_are_script_stay_text(tmp_path):
    name = "images/<img src=x onerror=alert(1)>.jpg"
    label = "<script>alert('l')</script>"
    files = dataset_files(validation=0) | {name: image_bytes(size=(99, 20))}
    files[LINES] += json_lines([{"image_url": name, "label": label}])
    assert label in run(tmp_path, files).label_names


def test_a_pattern_that_could_take_for_ever_does_not(tmp_path):
    files = {f"images/{'a' * 60}{number}.jpg": image_bytes(size=(20 + number, 20)) for number in range(12)}
    files["a.jsonl"] = json_lines([{"image_url": name, "label": "red"} for name in files])
    result = run(tmp_path, files, ImportSettings(group_pattern=r"^images/((a+)+)$"))
    assert {row["group"] for row in rows_of(result)} == {""}


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(", r"missing \)"),
        (r"(a)\1", "invalid escape"),
        ("(?=a)(b)", r"\(\?="),
        ("(a{2000})", "repetition"),
        ("a", "a group"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused(pattern, words):
    with pytest.raises(DarkroomError, match=words):
        read_settings({"group_pattern": pattern})


def test_more_findings_than_are_kept_are_counted(tmp_path):
    files = dataset_files(validation=0)
    files[LINES] += "{bad\n" * 20_000
    result = run(tmp_path, files, max_findings=100, max_report_rows=10)
    assert codes(result) == {"invalid_json": 20_000}
    assert len(result.findings.read_text().splitlines()) == 100
    assert len(result.report["errors"]) == 10


_MEASURE = """
import json, sys, tempfile
from pathlib import Path
from tests.vision.data.imports import MemorySink, rows_of
from vision.data.importing import ImportOptions, import_dataset
work = Path(tempfile.mkdtemp(dir=sys.argv[1]))

def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

before = peak()
result = import_dataset(Path(sys.argv[1]) / "rows.zip", MemorySink(), ImportOptions(work_dir=work), lambda *a: None)
grown = peak() - before
print(json.dumps({"grown_mb": grown / 1024, "images": result.image_count, "codes": result.report["counts"]["by_code"]}))
"""


@pytest.mark.slow
def test_two_hundred_thousand_rows_naming_one_image(tmp_path):
    rows = [{"image_url": "images/training_0.jpg", "label": f"name {number % 500}"} for number in range(200_000)]
    files = dataset_files(validation=0)
    files[LINES] += json_lines(rows)
    (tmp_path / "rows.zip").write_bytes(zip_bytes(files))
    answer = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(tmp_path)], capture_output=True, text=True, check=True, timeout=300
    )
    found = json.loads(answer.stdout)
    assert found["images"] == 512
    assert found["codes"]["repeated_row"] == 199_500
    assert found["grown_mb"] < 700
