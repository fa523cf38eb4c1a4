"""The rendered sample: whole, balanced, reproducible, and labelled as drawn."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from vision.data.masks import fill_rings
from vision.data.sample import write_sample
from vision.data.sample.labelling import SAMPLES
from vision.data.sample.scene import Placement, render_scene
from vision.data.sample.shapes import SHAPES
from vision.errors import NotFoundError

pytestmark = pytest.mark.heavy


def read(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_archive_is_azure_style_and_balanced(tmp_path):
    write_sample("image_classification", tmp_path / "s.zip", images=30)
    files = read(tmp_path / "s.zip")
    parts = {"training": "train_annotations.jsonl", "validation": "validation_annotations.jsonl"}
    counts = {}
    for part, name in parts.items():
        assert f"{part}-mltable-folder/MLTable" in files
        rows = [json.loads(line) for line in files[f"{part}-mltable-folder/{name}"].splitlines()]
        assert all(row["image_url"] in files for row in rows)
        counts[part] = Counter(row["label"] for row in rows)
    assert counts["training"] == dict.fromkeys(SHAPES, 8)
    assert counts["validation"] == dict.fromkeys(SHAPES, 2)


def test_same_seed_renders_the_same_pictures(tmp_path):
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        write_sample("image_classification", tmp_path / name, images=3, seed=seed)
    a, b, c = (read(tmp_path / name) for name in "abc")
    assert a == b
    assert a["images/fastener_0000.jpg"] != c["images/fastener_0000.jpg"]


def test_pictures_are_small_jpegs_of_something(tmp_path):
    write_sample("image_classification", tmp_path / "s.zip", images=6)
    images = [content for name, content in read(tmp_path / "s.zip").items() if name.endswith(".jpg")]
    assert len(images) == 6
    for content in images:
        image = Image.open(io.BytesIO(content))
        assert image.format == "JPEG"
        assert 190 <= min(image.size) <= max(image.size) <= 260
        assert np.asarray(image).std() > 10


@pytest.mark.parametrize("class_name", list(SHAPES))
def test_part_knows_its_box_mask_and_polygon(class_name):
    placement = Placement(class_name, 100, 90, 60, angle=0.7, is_scratched=True)
    scene = render_scene(200, 180, [placement], np.random.default_rng(1))
    (part,) = scene.parts
    assert (part.class_name, part.is_scratched) == (class_name, True)
    left, top, right, bottom = part.box
    assert part.mask[top:bottom, left:right].sum() == part.mask.sum() > 500
    xs, ys = zip(*part.polygon, strict=True)
    outline = (min(xs), min(ys), max(xs), max(ys))
    assert np.abs(np.array(outline) - np.array(part.box)).max() < 6


def test_part_beneath_another_shows_less():
    below = Placement("washer", 80, 80, 50, 0, False)
    above = Placement("nut", 120, 80, 50, 0, False)
    alone = render_scene(200, 160, [below], np.random.default_rng(1)).parts[0]
    covered = render_scene(200, 160, [below, above], np.random.default_rng(1)).parts[0]
    assert 0 < covered.mask.sum() < alone.mask.sum()


@pytest.mark.parametrize("class_name", list(SHAPES))
def test_scratches_count_where_they_show(class_name):
    scratched = Placement(class_name, 100, 100, 25, 0, True)
    upon_it = Placement("washer", 165, 100, 85, 0, False)  # its ring leaves a rim of what lies beneath
    left_over = set()
    for seed in range(12):
        bare = render_scene(260, 200, [scratched], np.random.default_rng(seed))
        covered = render_scene(260, 200, [scratched, upon_it], np.random.default_rng(seed))
        assert [part.is_scratched for part in bare.parts] == [True]
        assert len(covered.parts) == 2
        left_over.add(covered.parts[0].is_scratched)
    assert False in left_over


def lines_of(path):
    files = read(path)
    names = [name for name in files if name.endswith(".jsonl")]
    return [json.loads(line) for name in names for line in files[name].splitlines()], files


def test_multilabel_sample_names_all_that_lies_there(tmp_path):
    write_sample("image_classification_multilabel", tmp_path / "s.zip", images=30)
    rows, _ = lines_of(tmp_path / "s.zip")
    counts = Counter(name for row in rows for name in row["label"])
    assert set(counts) == {*SHAPES, "scratched"}
    assert min(counts[name] for name in SHAPES) >= 10
    assert {len(row["label"]) for row in rows} >= {1, 2, 3}


def scenes(task_type, count=12):
    """Scenes of a task type, each with its cell."""
    kind = SAMPLES[task_type]
    for number in range(count):
        rng = np.random.default_rng([3, number])
        scene = render_scene(320, 256, kind.place(number, 320, 256, rng), rng)
        yield scene, kind.label(scene)


def test_boxes_hold_just_what_shows():
    for scene, cell in scenes("image_object_detection"):
        parts = [part for part in scene.parts if part.mask.sum() >= 60]
        assert [one["label"] for one in cell] == [part.class_name for part in parts]
        for one, part in zip(cell, parts, strict=True):
            left, top, right, bottom = part.box
            assert 0 <= one["topX"] < one["bottomX"] <= 1
            assert (round(one["topX"] * 320), round(one["bottomX"] * 320)) == (left, right)
            assert (round(one["topY"] * 256), round(one["bottomY"] * 256)) == (top, bottom)


def test_outlines_follow_what_shows():
    for scene, cell in scenes("image_instance_segmentation"):
        parts = [part for part in scene.parts if part.mask.sum() >= 60]
        for one, part in zip(cell, parts, strict=True):
            filled = fill_rings(one["polygon"], 320, 256) > 0
            hole = filled & ~part.mask  # an outline cannot leave out the hole of a nut or washer
            assert (filled & part.mask).sum() > 0.93 * part.mask.sum()
            assert hole.sum() < (0.06 if part.class_name == "screw" else 0.5) * filled.sum()


def test_belts_of_both_splits_are_empty_now_and_then(tmp_path):
    write_sample("image_object_detection", tmp_path / "s.zip", images=48)
    files = read(tmp_path / "s.zip")
    for name in ("training-mltable-folder/train", "validation-mltable-folder/validation"):
        labels = [json.loads(line)["label"] for line in files[f"{name}_annotations.jsonl"].splitlines()]
        assert 0 < labels.count([]) <= len(labels) / 9


def test_rendering_says_how_far_it_is(tmp_path):
    told = []
    write_sample("image_object_detection", tmp_path / "s.zip", images=4, on_progress=told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]


def test_unknown_task_type_is_refused(tmp_path):
    with pytest.raises(NotFoundError):
        write_sample("image_guessing", tmp_path / "s.zip")
