from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from tests.vision.metrics.test_classification import draw
from vision.metrics.certainty import describe_certainty
from vision.metrics.classification import confusion_matrix


def test_answering_always_is_the_model_itself() -> None:
    truth, probabilities = draw()
    report = describe_certainty(truth, probabilities)
    always, matrix = report["scores"][0], report["confusion_matrices"][0]
    accuracy = sk.accuracy_score(truth, probabilities.argmax(1))
    assert report["score"] == always["score"] == matrix["score"] == 0
    assert (always["answered"], always["precision"], always["recall"]) == pytest.approx((1, accuracy, accuracy))
    assert [row[:-1] for row in matrix["matrix"]] == confusion_matrix(truth, probabilities)


def test_each_threshold_counts_those_that_are_answered() -> None:
    truth, probabilities = draw()
    report = describe_certainty(truth, probabilities)
    largest, right = probabilities.max(1), probabilities.argmax(1) == truth
    for row, counted in zip(report["scores"], report["confusion_matrices"], strict=True):
        answered, matrix = largest >= row["score"], np.array(counted["matrix"])
        assert row["answered"] == answered.mean()
        assert row["recall"] == (right & answered).mean()
        assert row["precision"] == (pytest.approx(right[answered].mean()) if answered.any() else None)
        assert matrix.sum(axis=1).tolist() == np.bincount(truth).tolist()
        assert matrix[:, -1].sum() == (~answered).sum()
        assert np.trace(matrix) == (right & answered).sum()
    assert report["scores"][-1]["answered"] < 0.1


def test_the_recommended_threshold_leaves_out_unsure_mistakes_but_no_right_answers() -> None:
    truth = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.9, 0.1], [0.3, 0.7], [0.62, 0.38], [0.05, 0.95]])
    report = describe_certainty(truth, probabilities)
    assert report["recommended_score"] == 0.75
    best = next(row for row in report["scores"] if row["score"] == 0.75)
    assert (best["answered"], best["precision"], best["recall"]) == (0.5, 1, 0.5)
    certain = describe_certainty(truth, np.eye(2)[truth])
    assert certain["recommended_score"] == 0


def test_very_many_classes_have_no_matrices() -> None:
    report = describe_certainty(np.array([3, 299]), np.eye(300)[[3, 299]])
    assert report["confusion_matrices"] == []
    assert len(report["scores"]) == 20
