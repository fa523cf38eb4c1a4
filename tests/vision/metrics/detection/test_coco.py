"""Equal to pycocotools."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from tests.vision.metrics.detection.scenes import draw_scenes, find, place
from vision.metrics.detection.coco import NAMES, score_coco
from vision.metrics.detection.objects import FoundObjects, TrueObjects

LABELS = 4


def describe(objects: TrueObjects | FoundObjects, image: int, by_masks: bool) -> list[dict[str, Any]]:
    rows = []
    for index, (left, top, right, bottom) in enumerate(objects.boxes.tolist()):
        row: dict[str, Any] = {
            "image_id": image,
            "category_id": int(objects.labels[index]),
            "bbox": [left, top, right - left, bottom - top],
            "area": (right - left) * (bottom - top),
            "iscrowd": 0,
        }
        if by_masks:
            mask = objects.masks[index]
            row |= {"segmentation": mask, "area": float(coco_masks.area(mask))}
            del row["bbox"]
        if isinstance(objects, TrueObjects):
            row["iscrowd"] = int(objects.crowd[index])
        else:
            row["score"] = float(objects.scores[index])
        rows.append(row)
    return rows


def score_by_pycocotools(
    truth: Sequence[TrueObjects], found: Sequence[FoundObjects], by_masks: bool
) -> tuple[list[float | None], list[float | None]]:
    """The twelve numbers and the AP of each label."""
    objects = [row for image, one in enumerate(truth) for row in describe(one, image, by_masks)]
    finds = [row for image, one in enumerate(found) for row in describe(one, image, by_masks)]
    with contextlib.redirect_stdout(io.StringIO()):
        known = COCO()
        known.dataset = {
            "images": [{"id": index, "width": one.width, "height": one.height} for index, one in enumerate(truth)],
            "categories": [{"id": label} for label in range(LABELS)],
            "annotations": [{"id": index, **row} for index, row in enumerate(objects, start=1)],
        }
        known.createIndex()
        scorer = COCOeval(known, known.loadRes(finds), "segm" if by_masks else "bbox")
        scorer.evaluate()
        scorer.accumulate()
        scorer.summarize()
    precision = scorer.eval["precision"][:, :, :, 0, -1]
    by_label = [precision[:, :, label].mean() for label in range(LABELS)]
    return [none_if_undefined(value) for value in scorer.stats], [none_if_undefined(value) for value in by_label]


def none_if_undefined(value: float) -> float | None:
    return None if value < 0 else float(value)


def check(truth: Sequence[TrueObjects], found: Sequence[FoundObjects], by_masks: bool) -> None:
    scores = score_coco(truth, found, LABELS, by_masks=by_masks)
    numbers, by_label = score_by_pycocotools(truth, found, by_masks)
    assert scores.numbers == {
        name: value if value is None else pytest.approx(value, abs=1e-6)
        for name, value in zip(NAMES, numbers, strict=True)
    }
    assert scores.by_label == [value if value is None else pytest.approx(value, abs=1e-6) for value in by_label]


@pytest.mark.parametrize("by_masks", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_it_equals_pycocotools_on_random_scenes(seed: int, by_masks: bool) -> None:
    truth, found = draw_scenes(labels=LABELS, seed=seed)
    assert any(len(one) == 0 for one in truth)
    assert any(len(one) == 0 and len(other) for one, other in zip(truth, found, strict=True))
    assert any(len(one) and len(other) == 0 for one, other in zip(truth, found, strict=True))
    assert any(one.crowd.any() for one in truth)
    check(truth, found, by_masks)


@pytest.mark.parametrize("by_masks", [False, True])
def test_it_equals_pycocotools_with_more_finds_than_count(by_masks: bool) -> None:
    truth, _ = draw_scenes(3, LABELS, seed=5)
    random = np.random.default_rng(1)
    finds = [
        [
            (0, float(score), (left, top, left + 60, top + 50))
            for left, top, score in random.uniform(0, 1, (130, 3)) * 90
        ]
        for _ in truth
    ]
    found = [find([(label, score / 90, box) for label, score, box in one], (240, 160)) for one in finds]
    check(truth, found, by_masks)


def test_it_equals_pycocotools_by_hand() -> None:
    truth = [
        place([(0, (0, 0, 40, 40)), (0, (38, 0, 80, 40)), (1, (50, 50, 99, 99))], crowds=[2]),
        place([]),
        place([(1, (10, 10, 20, 20))]),
    ]
    found = [
        find(
            [(0, 0.9, (2, 0, 42, 40)), (0, 0.9, (0, 0, 40, 41)), (1, 0.5, (55, 55, 70, 70)), (1, 0.4, (0, 50, 20, 70))]
        ),
        find([(1, 0.8, (0, 0, 50, 50))]),
        find([]),
    ]
    check(truth, found, by_masks=False)
    check(truth, found, by_masks=True)


def test_all_right_is_one() -> None:
    truth = [place([(0, (0, 0, 60, 60)), (2, (50, 50, 60, 60))])]
    found = [find([(0, 0.9, (0, 0, 60, 60)), (2, 0.3, (50, 50, 60, 60))])]
    scores = score_coco(truth, found, LABELS, by_masks=False)
    assert scores.by_label == [pytest.approx(1), None, pytest.approx(1), None]
    assert scores.numbers["AP"] == scores.numbers["AP_small"] == scores.numbers["AP_medium"] == pytest.approx(1)
    assert scores.numbers["AP_large"] is scores.numbers["AR_large"] is None


@pytest.mark.parametrize("by_masks", [False, True])
def test_nothing_found_is_zero(by_masks: bool) -> None:
    scores = score_coco([place([(0, (0, 0, 60, 60))])], [find([])], LABELS, by_masks=by_masks)
    assert scores.numbers["AP"] == scores.numbers["AR_100"] == 0
    assert scores.by_label == [0, None, None, None]


@pytest.mark.parametrize("truth", [[], [place([])], [place([(0, (0, 0, 60, 60))], crowds=[0])]])
def test_nothing_to_find_is_undefined(truth: list[TrueObjects]) -> None:
    scores = score_coco(truth, [find([(0, 0.5, (0, 0, 60, 60))]) for _ in truth], LABELS, by_masks=False)
    assert set(scores.numbers.values()) == {None}
    assert scores.by_label == [None] * LABELS


def test_it_leaves_what_it_is_given_alone() -> None:
    truth, found = draw_scenes(5, LABELS)
    before = [dict(mask) for one in truth for mask in one.masks]
    first = score_coco(truth, found, LABELS, by_masks=True)
    assert [dict(mask) for one in truth for mask in one.masks] == before
    assert score_coco(truth, found, LABELS, by_masks=True) == first
