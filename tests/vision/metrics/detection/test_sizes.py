from __future__ import annotations

import numpy as np
import pytest

from tests.vision.metrics.detection.scenes import draw_scenes, find, place
from vision.metrics.detection.average_precision import mean_defined, rank_finds
from vision.metrics.detection.images import describe_images
from vision.metrics.detection.matching import match_finds
from vision.metrics.detection.overlaps import measure_overlaps
from vision.metrics.detection.sizes import describe_sizes, name_sizes

SMALL, MEDIUM, LARGE = (0, 0, 20, 20), (100, 0, 150, 50), (0, 100, 120, 220)
SIZE = (300, 300)


def describe(truth: list, found: list, score: float = 0.5) -> dict:
    overlaps = measure_overlaps(truth, found, 2, by_masks=False)
    rows = describe_sizes(overlaps, match_finds(overlaps, 0.5), score)
    return {row["size"]: (row["average_precision"], row["recall"], row["support"]) for row in rows}


def test_each_size_on_its_own() -> None:
    truth = [place([(0, SMALL), (0, MEDIUM), (0, LARGE)], size=SIZE)]
    found = [find([(0, 0.9, LARGE), (0, 0.8, (200, 200, 250, 250)), (0, 0.7, MEDIUM), (0, 0.4, SMALL)], SIZE)]
    # The wrong find is of medium size: it counts against medium objects alone. The small object's find has a low score.
    assert describe(truth, found) == {"small": (1, 0, 1), "medium": (0.5, 1, 1), "large": (1, 1, 1)}


def test_a_find_counts_with_the_object_it_matches_whatever_its_own_size() -> None:
    truth = [place([(0, (0, 0, 31, 31))], size=SIZE)]
    found = [find([(0, 0.9, (0, 0, 40, 31))], SIZE)]
    assert describe(truth, found) == {"small": (1, 1, 1), "medium": (None, None, 0), "large": (None, None, 0)}


def test_sizes_are_named_by_cocos_limits() -> None:
    areas = np.array([0, 32**2 - 0.5, 32**2, 96**2 - 1, 96**2, 1e7])
    assert name_sizes(areas) == ["small", "small", "medium", "medium", "large", "large"]


def test_labels_without_objects_of_a_size_are_left_out() -> None:
    truth = [place([(0, SMALL), (1, LARGE)], crowds=[], size=SIZE)]
    found = [find([(0, 0.9, SMALL), (1, 0.9, (200, 200, 210, 210))], SIZE)]
    assert describe(truth, found) == {"small": (1, 1, 1), "medium": (None, None, 0), "large": (0, 0, 1)}


def test_sizes_hold_all_objects_and_one_size_alone_has_the_precision_of_all() -> None:
    truth, found = draw_scenes(labels=2, seed=6)
    overlaps = measure_overlaps(truth, found, 2, by_masks=False)
    rows = describe_sizes(overlaps, match_finds(overlaps, 0.5), 0.3)
    assert sum(row["support"] for row in rows) == sum((~one.crowd).sum() for one in truth)
    factor = 200  # every object becomes large
    for one in [*truth, *found]:
        one.boxes[:] *= factor
    grown = measure_overlaps(truth, found, 2, by_masks=False)
    matches = match_finds(grown, 0.5)
    large = describe_sizes(grown, matches, 0.3)[-1]
    assert large["average_precision"] == mean_defined([one.average_precision for one in rank_finds(grown, matches)])


def test_images_with_anything_on_them() -> None:
    truth = [place([(0, SMALL)]), place([]), place([(1, MEDIUM)]), place([]), place([(0, LARGE)], crowds=[0])]
    found = [
        find([(1, 0.9, LARGE), (0, 0.2, SMALL)]),  # something is said to be there, and is: of what, does not matter
        find([(0, 0.6, SMALL)]),
        find([(1, 0.3, MEDIUM)]),
        find([]),
        find([(0, 0.95, LARGE)]),  # a crowd alone is neither
    ]
    rows = describe_images(measure_overlaps(truth, found, 2, by_masks=False), 0.5)
    assert rows["precision"] == 1 / 2
    assert rows["recall"] == 1 / 2
    assert rows["average_precision"] == pytest.approx(1 / 2 + 1 / 2 * 2 / 3)
    outcomes = ("true_positives", "false_positives", "false_negatives", "true_negatives")
    assert [rows[name] for name in outcomes] == [1, 1, 1, 1]


def test_images_all_without_objects_have_no_recall() -> None:
    rows = describe_images(measure_overlaps([place([])], [find([])], 2, by_masks=False), 0.5)
    assert rows["precision"] is rows["recall"] is rows["average_precision"] is None
    assert rows["true_negatives"] == 1
    assert describe_images(measure_overlaps([], [], 2, by_masks=False), np.float64(0.5))["recall"] is None
