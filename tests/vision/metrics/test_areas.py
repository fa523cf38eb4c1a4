"""Equal to scikit-learn's functions for whatever decisions there are, equal scores and classes that are not there among
them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sk

from vision.metrics.areas import Decisions, average_areas, average_precision
from vision.metrics.classification import classification_metrics, one_hot, per_label_metrics


@st.composite
def predictions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Truth int [N] and probabilities [N, C] in few steps, so that many are equal; classes may have no images."""
    images, classes = draw(st.integers(1, 12)), draw(st.integers(2, 4))
    truth = draw(arrays(np.int64, images, elements=st.integers(0, classes - 1)))
    parts = draw(arrays(np.int64, (images, classes), elements=st.integers(0, 3))) + 1
    return truth, parts / parts.sum(axis=1, keepdims=True)


@settings(max_examples=50)
@given(predictions())
def test_every_metric_is_scikit_learns(prediction: tuple[np.ndarray, np.ndarray]) -> None:
    truth, probabilities = prediction
    classes, predicted = probabilities.shape[1], probabilities.argmax(axis=1)
    found = classification_metrics(truth, probabilities)
    assert None not in [found["accuracy"], found["log_loss"]]
    averages = ["macro", "micro", "weighted"]
    for average in averages + ["binary"] * (classes == 2):
        labels = None if average == "binary" else range(classes)
        if average == "binary" and 1 not in {*truth, *predicted}:
            continue  # scikit-learn takes another class for the positive one
        expected = sk.precision_recall_fscore_support(truth, predicted, labels=labels, average=average, zero_division=0)
        scores = [found[f"{name}_score_{average}"] for name in ("precision", "recall", "f1")]
        assert scores == pytest.approx(expected[:3], abs=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class is predicted that is not there
        assert found["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(truth, predicted), abs=1e-12)
        assert found["matthews_correlation"] == pytest.approx(sk.matthews_corrcoef(truth, predicted), abs=1e-12)
    defined = [index for index in range(classes) if 0 < (truth == index).sum() < len(truth)]
    areas = [sk.roc_auc_score(truth == index, probabilities[:, index]) for index in defined]
    weights = [(truth == index).sum() for index in defined]
    assert found["AUC_macro"] == (pytest.approx(np.mean(areas), abs=1e-12) if defined else None)
    assert found["AUC_weighted"] == (pytest.approx(np.average(areas, weights=weights), abs=1e-12) if defined else None)
    positives = one_hot(truth, classes)
    assert found["AUC_micro"] == pytest.approx(sk.roc_auc_score(positives.ravel(), probabilities.ravel()), abs=1e-12)
    there = [index for index in range(classes) if (truth == index).any()]
    precisions = [sk.average_precision_score(truth == index, probabilities[:, index]) for index in there]
    assert found["average_precision_score_macro"] == pytest.approx(np.mean(precisions), abs=1e-12)
    for index, row in enumerate(per_label_metrics(truth, probabilities, [str(number) for number in range(classes)])):
        if index in there:
            assert row["average_precision"] == pytest.approx(precisions[there.index(index)], abs=1e-12)
        else:
            assert row["average_precision"] is None
        assert row["AUC"] == (pytest.approx(areas[defined.index(index)], abs=1e-12) if index in defined else None)


@given(predictions())
def test_curves_are_scikit_learns(prediction: tuple[np.ndarray, np.ndarray]) -> None:
    is_positive, scores = prediction[0] == 0, prediction[1][:, 0]
    decisions = Decisions.of(is_positive, scores)
    assert (decisions.positives, decisions.negatives) == (is_positive.sum(), (~is_positive).sum())
    if is_positive.any():
        precision, recall, _ = sk.precision_recall_curve(is_positive, scores)
        np.testing.assert_allclose(decisions.precision_recall(), (precision[::-1], recall[::-1]), atol=1e-12)
    if is_positive.any() and not is_positive.all():
        x, y, _ = sk.roc_curve(is_positive, scores, drop_intermediate=False)
        mine = [*zip(*decisions.roc(), strict=True)]
        assert {*np.round(mine, 12).T[0]} <= {*x.round(12)}
        assert [mine[0], mine[-1]] == [(0, 0), (1, 1)]
        for share in np.linspace(0.01, 0.99, 9):
            assert np.interp(share, *decisions.roc()) == pytest.approx(np.interp(share, x, y), abs=1e-9)


def test_areas_of_no_images_are_undefined() -> None:
    assert average_precision(np.zeros(0, bool), np.zeros(0)) is None


def test_areas_leave_out_labels_that_all_images_have_or_none() -> None:
    is_positive = np.array([[1, 0, 1], [0, 0, 1]], dtype=bool)
    areas = average_areas(is_positive, np.array([[0.2, 0.1, 0.9], [0.9, 0.2, 0.6]]))
    assert areas["AUC_macro"] == areas["AUC_weighted"] == 0
    assert areas["average_precision_score_macro"] == pytest.approx((0.5 + 1) / 2)
    assert areas["average_precision_score_weighted"] == pytest.approx((0.5 + 2 * 1) / 3)
    nothing = average_areas(np.zeros((2, 2), bool), np.zeros((2, 2)))
    assert set(nothing.values()) == {None}
