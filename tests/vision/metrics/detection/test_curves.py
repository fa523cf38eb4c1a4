from __future__ import annotations

import numpy as np
import pytest

from vision.metrics.detection.average_precision import Ranking, envelope
from vision.metrics.detection.curves import MAX_POINTS, describe_curves, thin_curve


def draw_ranking(finds: int, share: float, seed: int = 0) -> Ranking:
    random = np.random.default_rng(seed)
    is_right = random.random(finds) < np.linspace(2 * share, 0, finds)
    return Ranking(int(is_right.sum() * 1.2), np.linspace(1, 0, finds), is_right, np.zeros(finds, np.int64))


def area_under_envelope(recall: np.ndarray, precision: np.ndarray) -> float:
    return float((np.diff(recall, prepend=0) * envelope(precision)).sum())


@pytest.mark.parametrize("finds", [1, 5, 199, 200])
def test_short_curves_are_whole(finds: int) -> None:
    ranking = draw_ranking(finds, 0.4)
    kept = thin_curve(ranking.recall, ranking.precision, MAX_POINTS)
    assert kept.tolist() == list(range(finds))


def test_a_thin_curve_has_the_same_envelope() -> None:
    ranking = draw_ranking(20_000, 0.01)
    assert 50 < len(np.unique(envelope(ranking.precision)[ranking.is_right])) < MAX_POINTS
    kept = thin_curve(ranking.recall, ranking.precision, MAX_POINTS)
    assert len(kept) == MAX_POINTS
    assert (np.diff(kept) > 0).all()
    assert area_under_envelope(ranking.recall[kept], ranking.precision[kept]) == pytest.approx(
        area_under_envelope(ranking.recall, ranking.precision), abs=1e-12
    )
    assert ranking.recall[kept].max() == ranking.recall.max()


def test_a_curve_of_very_many_corners_keeps_nearly_the_same_area() -> None:
    is_right = np.concatenate([np.tile(np.arange(20) >= wrong, 60) for wrong in range(18)])  # fewer right ones later
    ranking = Ranking(int(is_right.sum() * 1.1), np.linspace(1, 0, len(is_right)), is_right, np.zeros(len(is_right)))
    recall, precision = ranking.recall, ranking.precision
    assert len(np.unique(envelope(precision))) > 2 * MAX_POINTS
    kept = thin_curve(recall, precision, MAX_POINTS)
    assert len(kept) == MAX_POINTS
    assert area_under_envelope(recall[kept], precision[kept]) == pytest.approx(
        area_under_envelope(recall, precision), abs=0.005
    )
    assert recall[kept].max() == recall.max()


def test_curves_are_described_for_labels_with_objects_and_their_mean() -> None:
    one = Ranking(2, np.array([0.9, 0.8, 0.7]), np.array([True, False, True]), np.zeros(3, np.int64))
    never_found = Ranking(3, np.zeros(0), np.zeros(0, np.bool_), np.zeros(0, np.int64))
    not_there = Ranking(0, np.array([0.5]), np.array([False]), np.zeros(1, np.int64))
    curves = describe_curves([one, never_found, not_there], ["a", "b", "c"], 0.75, 2)
    assert [(curve["label"], curve["iou"]) for curve in curves] == [("a", 0.75), ("b", 0.75), (None, 0.75)]
    assert curves[0]["points"] == [
        {"recall": 0.5, "precision": 1.0, "score": 0.9},
        {"recall": 0.5, "precision": 0.5, "score": 0.8},
        {"recall": 1.0, "precision": 0.66667, "score": 0.7},
    ]
    assert curves[0]["average_precision"] == pytest.approx(5 / 6)
    assert (curves[1]["points"], curves[1]["average_precision"]) == ([], 0)
    mean = {point["recall"]: point["precision"] for point in curves[2]["points"]}
    assert (mean[0.0], mean[0.5], mean[0.51], mean[1.0]) == (0.5, 0.5, 0.33333, 0.33333)
    assert curves[2]["average_precision"] == pytest.approx(5 / 12)


def test_many_labels_share_the_points() -> None:
    rankings = [draw_ranking(400, 0.3, seed) for seed in range(4)]
    names = ["a", "b", "c", "d"]
    few = describe_curves(rankings, names, 0.5, curves=4)
    many = describe_curves(rankings, names, 0.5, curves=400)
    assert max(len(curve["points"]) for curve in few[:-1]) == MAX_POINTS
    assert max(len(curve["points"]) for curve in many[:-1]) == 50
