from __future__ import annotations

import numpy as np
import pytest

from tests.vision.metrics.detection.scenes import draw_scenes, find, place
from vision.metrics.detection.average_precision import Ranking, rank_finds
from vision.metrics.detection.matching import match_finds
from vision.metrics.detection.overlaps import measure_overlaps
from vision.metrics.detection.scores import average_counts, count_label, describe_scores, recommend_score

HERE, THERE, ELSEWHERE = (0, 0, 30, 30), (50, 50, 90, 90), (60, 0, 90, 30)
LABELS = 4


def rank(truth: list, found: list) -> list[Ranking]:
    overlaps = measure_overlaps(truth, found, LABELS, by_masks=False)
    return rank_finds(overlaps, match_finds(overlaps, 0.5))


def test_counts_of_a_label_at_a_score() -> None:
    ranking = rank(
        [place([(0, HERE), (0, THERE)])], [find([(0, 0.9, HERE), (0, 0.6, ELSEWHERE), (0, 0.3, THERE), (1, 0.9, HERE)])]
    )[0]
    at = {score: count_label(ranking, score) for score in (0.0, 0.3, 0.31, 0.6, 0.9, 0.91)}
    assert [(one.true_positives, one.false_positives, one.false_negatives) for one in at.values()] == [
        (2, 1, 0),
        (2, 1, 0),
        (1, 1, 1),
        (1, 1, 1),
        (1, 0, 1),
        (0, 0, 2),
    ]
    assert (at[0.3].precision, at[0.3].recall, at[0.3].f1) == pytest.approx((2 / 3, 1, 4 / 5))
    assert (at[0.91].precision, at[0.91].recall, at[0.91].f1) == (None, 0, 0)


def test_averages_are_over_labels_with_objects() -> None:
    truth = [place([(0, HERE), (1, THERE), (3, ELSEWHERE)])]
    found = [find([(0, 0.9, HERE), (1, 0.8, THERE), (1, 0.7, ELSEWHERE), (2, 0.9, HERE)])]
    averages = average_counts(rank(truth, found), 0.5)
    # Label 2 has no object, label 3 no finds: the mean precision is of two labels, recall and F1 of three.
    assert averages["precision"] == pytest.approx((1 + 1 / 2) / 2)
    assert averages["recall"] == pytest.approx((1 + 1 + 0) / 3)
    assert averages["f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)


def test_without_finds_precision_is_undefined_and_without_objects_all_is() -> None:
    assert average_counts(rank([place([(0, HERE)])], [find([])]), 0.5) == {"precision": None, "recall": 0, "f1": 0}
    none = {"precision": None, "recall": None, "f1": None}
    assert average_counts(rank([place([])], [find([(0, 0.9, HERE)])]), 0.5) == none


def test_the_recommended_score_has_the_best_f1_of_the_curve() -> None:
    truth, found = draw_scenes(labels=LABELS, seed=2)
    points = describe_scores(rank(truth, found), 0.33)
    assert [point["score"] for point in points] == sorted({0.33, *np.arange(1, 20) / 20})
    recommended = recommend_score(points, 0.33)
    best = max(points, key=lambda point: point["f1"])
    assert next(point["f1"] for point in points if point["score"] == recommended) == best["f1"] > 0


def test_of_equally_good_scores_the_nearest_to_the_set_one_is_recommended() -> None:
    points = [{"score": score, "f1": f1} for score, f1 in ((0.1, 0.8), (0.3, 0.8), (0.5, 0.8), (0.7, 0.6))]
    assert recommend_score(points, 0.34) == 0.3
    assert recommend_score(points, 0.9) == 0.5
    assert recommend_score([{"score": 0.5, "f1": 0.0}, {"score": 0.7, "f1": None}], 0.5) is None
