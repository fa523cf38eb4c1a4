from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from tests.vision.metrics.test_classification import draw
from vision.metrics.accuracy_table import accuracy_table
from vision.metrics.classification import one_hot
from vision.metrics.curves import MICRO_AVERAGE
from vision.metrics.ranking_curves import ranking_curves


def test_gains_and_lift_by_hand() -> None:
    # Four images, two positives, the first and the third by score.
    is_positive = np.array([[True], [False], [True], [False]])
    curves = ranking_curves(is_positive, np.array([[0.9], [0.7], [0.4], [0.1]]), ["a"])
    gains = dict(zip(curves["cumulative_gains"][0]["x"], curves["cumulative_gains"][0]["y"], strict=True))
    assert [gains[share] for share in (0, 0.25, 0.5, 0.75, 1)] == [0, 0.5, 0.5, 1, 1]
    lift = dict(zip(curves["lift"][0]["x"], curves["lift"][0]["y"], strict=True))
    assert [lift[share] for share in (0.25, 0.5, 0.75, 1)] == pytest.approx([2, 1, 4 / 3, 1])


def test_equal_scores_gain_nothing() -> None:
    is_positive = np.array([[True], [True], [False], [False]])
    curve = ranking_curves(is_positive, np.full((4, 1), 0.5), ["a"])["cumulative_gains"][0]
    assert curve["y"] == pytest.approx(curve["x"])


def test_calibration_compares_what_was_said_with_what_is() -> None:
    random = np.random.default_rng(0)
    scores = random.random((20_000, 1))
    honest, boasting = random.random(scores.shape) < scores, random.random(scores.shape) < scores**2
    for is_positive, low, high in ((honest, 0, 0.02), (boasting, 0.14, 0.19)):
        curve = ranking_curves(is_positive, scores, ["a"])["calibration"][0]
        assert low <= curve["error"] <= high
        assert sum(curve["count"]) == 20_000
        for mean, share, bin_ in zip(curve["x"], curve["y"], range(10), strict=True):
            inside = (scores >= bin_ / 10) & (scores < (bin_ + 1) / 10)
            assert mean == pytest.approx(scores[inside].mean(), abs=1e-6)
            assert share == pytest.approx(is_positive[inside].mean(), abs=1e-6)


def test_a_class_without_positives_has_no_curve() -> None:
    is_positive = np.array([[True, False], [False, False]])
    curves = ranking_curves(is_positive, np.array([[0.9, 0.2], [0.1, 1.0]]), ["a", "b"])
    for kind in ("cumulative_gains", "lift", "calibration"):
        assert [curve["label"] for curve in curves[kind]] == ["a", MICRO_AVERAGE]
    nothing = ranking_curves(np.zeros((2, 1), bool), np.array([[0.9], [0.1]]), ["a"])
    assert set(map(len, nothing.values())) == {0}


def test_the_accuracy_table_counts_as_scikit_learn_does() -> None:
    truth, probabilities = draw()
    positives = one_hot(truth, 4)
    table = accuracy_table(positives, probabilities, list("abcd"))
    assert table is not None
    assert table["class_labels"] == list("abcd")
    assert table["probability_thresholds"] == table["percentile_thresholds"] == [step / 100 for step in range(101)]
    for label, step in ((0, 0), (1, 37), (3, 60), (2, 100)):
        predicted = probabilities[:, label] >= step / 100
        negative, false_positive, false_negative, positive = sk.confusion_matrix(
            positives[:, label], predicted, labels=[False, True]
        ).ravel()
        counts = [positive, false_positive, negative, false_negative]
        assert table["probability_tables"][label][step] == counts
    at_median = table["percentile_tables"][0][50]
    assert at_median[0] + at_median[1] == 100  # half of two hundred


def test_no_accuracy_table_of_very_many_classes() -> None:
    names = [str(number) for number in range(51)]
    assert accuracy_table(np.zeros((3, 51), bool), np.zeros((3, 51)), names) is None
