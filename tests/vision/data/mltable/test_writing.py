"""MLTables written row by row."""

from __future__ import annotations

import json

import pytest
import yaml

from vision.data.formats import ExportRow
from vision.data.mltable import MltableWriter


def row(name="a.jpg", split="train", label="x"):
    return ExportRow(name, split, label, 40, 30, image=f"images/{name}")


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write(folder, rows):
    with MltableWriter(folder) as tables:
        for one in rows:
            tables.add(one)


def test_a_folder_a_split_with_lines_and_recipe(tmp_path):
    tables = MltableWriter(tmp_path).open()
    for one in (row("ü.png"), row("b", "validation", None), row("c.jpg", "test", [])):
        tables.add(one)
    tables.close()
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert files == [
        "test-mltable-folder/MLTable",
        "test-mltable-folder/test_annotations.jsonl",
        "training-mltable-folder/MLTable",
        "training-mltable-folder/train_annotations.jsonl",
        "validation-mltable-folder/MLTable",
        "validation-mltable-folder/validation_annotations.jsonl",
    ]
    assert lines(tmp_path / files[3]) == [
        {
            "image_url": "images/ü.png",
            "image_details": {"format": "png", "width": "40px", "height": "30px"},
            "label": "x",
        }
    ]
    (line,) = lines(tmp_path / files[5])
    assert line["label"] is None
    assert "format" not in line["image_details"]
    recipe = yaml.safe_load((tmp_path / files[2]).read_text())
    assert recipe["paths"] == [{"file": "./train_annotations.jsonl"}]
    assert [next(iter(step)) for step in recipe["transformations"]] == ["read_json_lines", "convert_column_types"]


def test_row_without_a_split_is_one_to_train_on(tmp_path):
    with MltableWriter(tmp_path, target_column_name="class") as tables:
        tables.add(row(split=""))
    assert lines(tmp_path / "training-mltable-folder/train_annotations.jsonl")[0]["class"] == "x"


def test_nothing_half_written_is_left(tmp_path):
    with pytest.raises(KeyError):
        write(tmp_path, [row(), row(split="no split of ours")])
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_two_writers_of_one_folder_do_not_mix_their_lines(tmp_path):
    with MltableWriter(tmp_path) as first, MltableWriter(tmp_path) as second:
        for number in range(5_000):
            first.add(row(f"{number}.jpg"))
            second.add(row(f"{number}.jpg"))
    assert len(lines(tmp_path / "training-mltable-folder/train_annotations.jsonl")) == 5_000
