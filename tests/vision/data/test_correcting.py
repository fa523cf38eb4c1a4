"""Labels that come back: what they change, what they leave alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tests.vision.data.manifests import box, manifest, read, row
from vision.catalog.task_types import TaskType
from vision.data.correcting import CorrectionOptions, apply_corrections
from vision.data.exporting import list_formats, list_images
from vision.data.filtering import ALL_ROWS
from vision.data.formats import get_writer
from vision.data.report import Report
from vision.errors import InvalidDatasetError

BOXES = TaskType.DETECTION


class Correcting:
    """A version of rows of 40 × 20 px, and what corrections make of it."""

    def __init__(self, folder: Path, rows: list[dict], task_type: str) -> None:
        self.report = Report()
        self.fetched: list[str] = []
        self._folder = folder
        self._task_type = task_type
        self.manifest = manifest(folder / "m.parquet", rows)
        self._picture = folder / "picture.jpg"
        Image.new("RGB", (40, 20)).save(self._picture)

    def apply(self, source: Path, format_name: str = "") -> list[dict]:
        work = self._folder / "work"
        work.mkdir()
        options = CorrectionOptions(self._task_type, self._fetch, source.name, format_name)
        edited, self.count = apply_corrections(
            self.manifest, source, options, self.report, work, lambda phase, done: None
        )
        self.relabelled = list(edited.relabelled)
        return read(edited.manifest)

    def apply_lines(self, lines: list[dict]) -> list[dict]:
        file = self._folder / "fixed.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return self.apply(file)

    def _fetch(self, sha256: str) -> Path:
        self.fetched.append(sha256)
        return self._picture


@pytest.fixture
def boxes(tmp_path):
    rows = [row(number, [box("a")], task_type=BOXES) for number in range(4)]
    rows += [row(4, [], task_type=BOXES), row(5, None, task_type=BOXES), row(6, [box("b")], task_type=BOXES)]
    return Correcting(tmp_path, rows, BOXES)


def test_named_images_get_the_new_label_and_say_where_from(boxes):
    new = [box("c", (0.0, 0.0, 0.5, 0.25), crowd=1), box("a")]
    after = boxes.apply_lines(
        [{"image_url": "images/2.jpg", "label": new}, {"image_url": "5.jpg", "label": [box("d")]}]
    )
    before = read(boxes.manifest)
    assert [one["row"] for was, one in zip(before, after, strict=True) if was != one] == [2, 5]
    assert (after[2]["annotation"], after[2]["labels"], after[2]["objects"]) == (new, ["c", "a"], 2)
    assert (after[2]["source_file"], after[2]["source_line"]) == ("fixed.jsonl", 1)
    assert (boxes.count, boxes.relabelled) == (2, [2, 5])
    assert after[2]["split"] == before[2]["split"]


def test_taking_every_box_away_makes_background(boxes):
    after = boxes.apply_lines([{"image_url": "0.jpg", "label": []}])
    assert (after[0]["annotation"], after[0]["labels"], after[0]["objects"]) == ([], [], 0)


def test_unlabelled_says_nothing(boxes):
    boxes.apply_lines([{"image_url": "0.jpg", "label": None}, {"image_url": "1.jpg", "label": [box("z")]}])
    assert boxes.relabelled == [1]


def test_what_a_tool_rounds_is_no_correction(boxes):
    rounded = box("a", (0.1004, 0.1998, 0.5, 0.6))
    moved = box("a", (0.2, 0.2, 0.5, 0.6))
    boxes.apply_lines([{"image_url": "0.jpg", "label": [rounded]}, {"image_url": "1.jpg", "label": [moved]}])
    assert boxes.relabelled == [1]


def test_last_word_counts(boxes):
    lines = [{"image_url": "0.jpg", "label": [box(name)]} for name in ("x", "y")]
    assert boxes.apply_lines(lines)[0]["labels"] == ["y"]


def test_unknown_images_and_bad_labels_are_reported(boxes):
    good = {"image_url": "0.jpg", "label": [box("x")]}
    bad = {"image_url": "1.jpg", "label": [{"label": "x"}]}
    boxes.apply_lines([good, bad, {"image_url": "99.jpg", "label": [box("x")]}])
    assert boxes.report.to_dict()["counts"]["by_code"] == {"invalid_label": 1, "missing_image": 1}


@pytest.mark.parametrize(
    "lines", [[], [{"image_url": "0.jpg", "label": [box("a")]}], [{"image_url": "z", "label": []}]]
)
def test_nothing_to_change_is_refused(boxes, lines):
    with pytest.raises(InvalidDatasetError, match="changes no label"):
        boxes.apply_lines([*lines, {"image_url": "0.jpg", "label": None}])


def test_file_without_labels_is_refused(boxes, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("hello")
    with pytest.raises(InvalidDatasetError):
        boxes.apply(file)


def test_names_mean_the_image_whose_whole_name_they_end_in(tmp_path):
    paths = ["a.jpg", "images/b/a.jpg", "c/a.jpg", "a.jpg"]
    rows = [row(number, "red", path=path) for number, path in enumerate(paths)]
    found = Correcting(tmp_path, rows, TaskType.CLASSIFICATION)
    urls = ["images/train/a.jpg", "./images/b/a.jpg", "azureml://datastores/x/paths/y/c/a.jpg", "/data/a-2.jpg"]
    after = found.apply_lines([{"image_url": url, "label": f"new{place}"} for place, url in enumerate(urls)])
    assert [one["annotation"] for one in after] == ["new0", "new1", "new2", "new3"]


@pytest.mark.parametrize("format_name", [name for name in list_formats(BOXES) if name != "jsonl"])
def test_export_comes_back_in_its_own_format(boxes, format_name, tmp_path):
    """What the writer writes, one class changed on the way, without any image."""
    folder = tmp_path / "annotations"
    folder.mkdir()
    writer = get_writer(format_name)

    def rows():
        for image in list_images(boxes.manifest, ALL_ROWS, tmp_path):
            label = [one | {"label": "new"} if one["label"] == "b" else one for one in image.row.label or []]
            changed = replace(image.row, label=None if image.row.label is None else label)
            yield replace(changed, image=writer.place(changed))

    writer.write(rows(), folder, ["a", "new"], BOXES)
    after = boxes.apply(folder, format_name)
    assert boxes.relabelled == [6], boxes.report.to_dict()
    assert after[6]["labels"] == ["new"]
