from __future__ import annotations

import time

import numpy as np
import pytest

from tests.vision.metrics.detection.scenes import draw_scenes, find, place
from vision.metrics.detection.average_precision import mean_defined, rank_finds
from vision.metrics.detection.coco import score_coco
from vision.metrics.detection.matching import match_finds, match_finds_freely
from vision.metrics.detection.objects import FoundObjects, TrueObjects
from vision.metrics.detection.overlaps import Overlaps, measure_overlaps
from vision.metrics.detection.resampling import AveragePrecisionResampler, bootstrap_average_precision

LABELS = 4


def measure(truth: list[TrueObjects], found: list[FoundObjects]) -> Overlaps:
    return measure_overlaps(truth, found, LABELS, by_masks=False)


def mean_average_precision(overlaps: Overlaps) -> float | None:
    return mean_defined([one.average_precision for one in rank_finds(overlaps, match_finds(overlaps, 0.5))])


def make_resampler(overlaps: Overlaps) -> AveragePrecisionResampler:
    return AveragePrecisionResampler(overlaps, rank_finds(overlaps, match_finds(overlaps, 0.5)))


def test_the_images_themselves_have_their_own_precision() -> None:
    overlaps = measure(*draw_scenes(labels=LABELS, seed=1))
    found = make_resampler(overlaps).average_precision(np.ones((1, 60)))
    assert found.tolist() == pytest.approx([mean_average_precision(overlaps)], abs=1e-12)


def test_drawn_sets_score_as_if_their_images_had_been_matched_again() -> None:
    truth, found = draw_scenes(labels=LABELS, seed=2)
    for image, one in enumerate(found):  # no equal scores, whose order would depend on that of the images
        one.scores[:] += np.arange(len(one))[::-1] * 1e-6 + image * 1e-5
    random = np.random.default_rng(0)
    drawn = random.integers(0, 60, (20, 60))
    counts = np.stack([np.bincount(one, minlength=60) for one in drawn]).astype(np.float64)
    expected = [
        mean_average_precision(measure([truth[image] for image in one], [found[image] for image in one]))
        for one in drawn
    ]
    assert make_resampler(measure(truth, found)).average_precision(counts).tolist() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_by_points_it_is_cocos_precision(seed: int) -> None:
    truth, found = draw_scenes(labels=LABELS, seed=seed)
    overlaps = measure(truth, found)
    rankings = rank_finds(overlaps, match_finds_freely(overlaps, 0.5, 100))
    ours = AveragePrecisionResampler(overlaps, rankings, by_points=True).average_precision(np.ones((1, 60)))
    coco = score_coco(truth, found, LABELS, by_masks=False).numbers["AP50"]
    assert ours.tolist() == pytest.approx([coco], abs=1e-9)


def test_cocos_rule_hands_on_free_objects_and_counts_a_hundred_finds() -> None:
    truth = [place([(0, (0, 0, 40, 40)), (0, (0, 12, 40, 52))])]
    found = [find([(0, 0.9, (0, 0, 40, 40)), (0, 0.8, (0, 2, 40, 42)), (1, 0.7, (0, 0, 40, 40))])]
    overlaps = measure(truth, found)
    assert match_finds(overlaps, 0.5).is_right.tolist() == [True, False, False]
    assert match_finds_freely(overlaps, 0.5, 100).is_right.tolist() == [True, True, False]
    one_each = match_finds_freely(overlaps, 0.5, 1)
    assert (one_each.is_right.tolist(), one_each.is_ignored.tolist()) == ([True, False, False], [False, True, False])


def test_a_set_without_objects_is_undefined_and_a_label_that_is_not_drawn_is_left_out() -> None:
    box = (0, 0, 30, 30)
    overlaps = measure(
        [place([(0, box)]), place([(1, box)]), place([])],
        [find([(0, 0.9, box)]), find([]), find([(0, 0.95, box)])],
    )
    counts = np.array([[3, 0, 0], [0, 3, 0], [1, 1, 1], [0, 0, 3], [1, 0, 2]], dtype=np.float64)
    found = make_resampler(overlaps).average_precision(counts)
    assert found[[0, 1, 2, 4]].tolist() == pytest.approx([1, 0, 0.25, 1 / 3])
    assert np.isnan(found[3])


def test_the_interval_holds_the_value() -> None:
    overlaps = measure(*draw_scenes(150, LABELS, seed=3))
    rankings = rank_finds(overlaps, match_finds(overlaps, 0.5))
    confidence = bootstrap_average_precision(overlaps, rankings, "mean_average_precision")
    value = mean_average_precision(overlaps)
    assert confidence is not None
    assert confidence.low < value < confidence.high
    assert 0.02 < confidence.high - confidence.low < 0.25
    assert confidence == bootstrap_average_precision(overlaps, rankings, "mean_average_precision")
    wider = measure(*draw_scenes(40, LABELS, seed=3))
    few = bootstrap_average_precision(wider, rank_finds(wider, match_finds(wider, 0.5)), "mean_average_precision")
    assert few.high - few.low > confidence.high - confidence.low


@pytest.mark.parametrize(("truth", "found"), [([], []), ([place([])], [find([(0, 0.5, (0, 0, 9, 9))])])])
def test_nothing_to_find_is_no_interval(truth: list, found: list) -> None:
    overlaps = measure(truth, found)
    assert bootstrap_average_precision(overlaps, rank_finds(overlaps, match_finds(overlaps, 0.5)), "any") is None


def test_a_thousand_images_take_less_than_three_seconds() -> None:
    truth, found = draw_scenes(100, LABELS, seed=4)
    overlaps = measure(truth * 10, found * 10)
    rankings = rank_finds(overlaps, match_finds(overlaps, 0.5))
    started = time.process_time()
    bootstrap_average_precision(overlaps, rankings, "mean_average_precision")
    assert time.process_time() - started < 3
