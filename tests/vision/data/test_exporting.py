from __future__ import annotations

import io
import json
import zipfile

import pytest

from tests.vision.data.manifests import manifest, row
from vision.catalog.task_types import TaskType
from vision.data.exporting import check_format, export_version, list_formats, measure_export
from vision.data.filtering import ALL_ROWS, RowFilter
from vision.data.formats import FORMATS
from vision.errors import InvalidDatasetError, NotFoundError

LINES = {
    "train": "training-mltable-folder/train_annotations.jsonl",
    "validation": "validation-mltable-folder/validation_annotations.jsonl",
    "test": "test-mltable-folder/test_annotations.jsonl",
}


@pytest.fixture
def export(tmp_path):
    """`export(rows, ...)`: the archive opened, and how far it was said to be."""

    def run(rows, chosen=ALL_ROWS, format_name="jsonl", task_type=TaskType.CLASSIFICATION):
        folder = tmp_path / "work"
        folder.mkdir()
        told: list[float] = []
        source = manifest(tmp_path / "m.parquet", rows)
        names = sorted({label for one in rows for label in one["labels"]})
        count = export_version(
            source,
            chosen,
            open_image,
            folder / "out.zip",
            format_name,
            names,
            task_type,
            told.append,
        )
        archive = zipfile.ZipFile(folder / "out.zip")
        assert archive.testzip() is None
        return archive, count, told

    return run


def open_image(sha256: str) -> io.BytesIO:
    return io.BytesIO(sha256.encode())


def lines(archive: zipfile.ZipFile, split: str = "train") -> list[dict]:
    return [json.loads(line) for line in archive.read(LINES[split]).decode().splitlines()]


def test_holds_every_image_once_and_a_table_a_split(export):
    rows = [row(number, "red", ("train", "validation", "test")[number % 3]) for number in range(7)]
    archive, count, told = export(rows)
    assert count == 7
    assert (told[-1], told == sorted(told)) == (1.0, True)
    assert [name for name in archive.namelist() if name.startswith("images/")] == [f"images/{n}.jpg" for n in range(7)]
    assert archive.read("images/3.jpg") == rows[3]["sha256"].encode()
    assert archive.getinfo("images/3.jpg").compress_type == zipfile.ZIP_STORED
    assert [len(lines(archive, split)) for split in LINES] == [3, 2, 2]
    assert lines(archive)[1] == {
        "image_url": "images/3.jpg",
        "image_details": {"format": "jpg", "width": "40px", "height": "20px"},
        "label": "red",
    }
    assert "train_annotations.jsonl" in archive.read("training-mltable-folder/MLTable").decode()


def test_names_in_a_part_are_those_of_the_whole(export):
    rows = [row(number, "red", ("train", "test")[number % 2], path="images/same.jpg") for number in range(4)]
    archive, count, _ = export(rows, RowFilter(split="test"))
    assert count == 2
    assert [name for name in archive.namelist() if name.startswith("images/")] == [
        "images/same-2.jpg",
        "images/same-4.jpg",
    ]
    assert LINES["train"] not in archive.namelist()


def test_unlabelled_is_not_background(export):
    rows = [row(number, cell, task_type=TaskType.MULTILABEL) for number, cell in enumerate([None, [], ["a", "b"]])]
    archive, _, _ = export(rows, task_type=TaskType.MULTILABEL)
    assert [line["label"] for line in lines(archive)] == [None, [], ["a", "b"]]


def test_every_format_brings_the_tables_along(tmp_path):
    rows = [row(number, "red") for number in range(3)]
    source = manifest(tmp_path / "m.parquet", rows)
    for name in list_formats(TaskType.CLASSIFICATION):
        folder = tmp_path / name
        folder.mkdir()
        export_version(
            source,
            ALL_ROWS,
            open_image,
            folder / "out.zip",
            name,
            ["red"],
            TaskType.CLASSIFICATION,
            lambda done: None,
        )
        with zipfile.ZipFile(folder / "out.zip") as archive:
            images = [line["image_url"] for line in lines(archive)]
            assert len(images) == 3
            assert set(images) <= set(archive.namelist()), name


def test_nothing_to_export_is_said(tmp_path):
    source = manifest(tmp_path / "m.parquet", [row(0, "red")])
    assert measure_export(source).bytes == 100
    with pytest.raises(InvalidDatasetError, match="No image matches"):
        measure_export(source, RowFilter(split="test"))


def test_formats_that_would_lose_labels_are_refused():
    lossy = [info.name for info in FORMATS if TaskType.SEGMENTATION not in info.task_types]
    for name in lossy:
        with pytest.raises(InvalidDatasetError, match="cannot hold these labels"):
            check_format(name, TaskType.SEGMENTATION)
    with pytest.raises(NotFoundError):
        check_format("stone", TaskType.SEGMENTATION)
    assert "jsonl" in list_formats(TaskType.SEGMENTATION)
