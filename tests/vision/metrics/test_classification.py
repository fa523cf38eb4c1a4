"""Equal to scikit-learn's own functions, called the long way round."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from vision.metrics.classification import (
    averages_table,
    classification_metrics,
    confusion_matrix,
    log_loss,
    one_hot,
    per_label_metrics,
)
from vision.metrics.curves import MACRO_AVERAGE, MICRO_AVERAGE, WEIGHTED_AVERAGE, classification_curves


def draw(images: int = 200, classes: int = 4, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, images)
    scores = random.random((images, classes)) + 0.7 * np.eye(classes)[truth]
    return truth, scores / scores.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
def test_averages_equal_scikit_learn(average: str) -> None:
    truth, probabilities = draw()
    predicted, one_hot = probabilities.argmax(1), np.eye(4)[truth]
    found = classification_metrics(truth, probabilities)
    assert found[f"precision_score_{average}"] == pytest.approx(sk.precision_score(truth, predicted, average=average))
    assert found[f"recall_score_{average}"] == pytest.approx(sk.recall_score(truth, predicted, average=average))
    assert found[f"f1_score_{average}"] == pytest.approx(sk.f1_score(truth, predicted, average=average))
    assert found[f"AUC_{average}"] == pytest.approx(sk.roc_auc_score(one_hot, probabilities, average=average))
    assert found[f"average_precision_score_{average}"] == pytest.approx(
        sk.average_precision_score(one_hot, probabilities, average=average)
    )


def test_single_scores_equal_scikit_learn() -> None:
    truth, probabilities = draw()
    predicted = probabilities.argmax(1)
    found = classification_metrics(truth, probabilities)
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, predicted))
    assert found["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(truth, predicted))
    assert found["matthews_correlation"] == pytest.approx(sk.matthews_corrcoef(truth, predicted))
    assert found["log_loss"] == pytest.approx(sk.log_loss(truth, probabilities))
    weights = np.bincount(truth)[truth]
    assert found["weighted_accuracy"] == pytest.approx(sk.accuracy_score(truth, predicted, sample_weight=weights))
    assert found["weighted_accuracy"] != pytest.approx(found["accuracy"])
    assert found["norm_macro_recall"] == pytest.approx((found["balanced_accuracy"] - 0.25) / 0.75)


def test_two_classes_add_the_binary_average() -> None:
    truth, probabilities = draw(classes=2)
    found = classification_metrics(truth, probabilities)
    assert found["recall_score_binary"] == pytest.approx(sk.recall_score(truth, probabilities.argmax(1)))
    assert found["AUC_binary"] == pytest.approx(sk.roc_auc_score(truth, probabilities[:, 1]))
    assert "recall_score_binary" not in classification_metrics(*draw(classes=3))


def test_a_class_without_images_is_left_out_of_areas() -> None:
    truth = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.8, 0.1, 0.1], [0.4, 0.5, 0.1], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1]])
    found = classification_metrics(truth, probabilities)
    assert found["AUC_macro"] == pytest.approx(
        (sk.roc_auc_score(truth == 0, probabilities[:, 0]) + sk.roc_auc_score(truth == 1, probabilities[:, 1])) / 2
    )
    row = per_label_metrics(truth, probabilities, ["a", "b", "c"])[2]
    assert (row["support"], row["AUC"], row["average_precision"]) == (0, None, None)


def test_one_class_alone_leaves_areas_undefined() -> None:
    found = classification_metrics(np.zeros(3, dtype=int), np.array([[0.9, 0.1]] * 3))
    assert found["accuracy"] == 1
    assert found["AUC_macro"] is None
    assert all(value is None or np.isfinite(value) for value in found.values())


def test_a_sure_mistake_costs_a_finite_loss() -> None:
    assert np.isfinite(log_loss(np.array([0]), np.array([[0.0, 1.0]])))


def test_the_per_label_table_equals_scikit_learn() -> None:
    truth, probabilities = draw()
    report = sk.classification_report(truth, probabilities.argmax(1), output_dict=True)
    for index, row in enumerate(per_label_metrics(truth, probabilities, list("abcd"))):
        assert row["label"] == "abcd"[index]
        assert row["precision"] == pytest.approx(report[str(index)]["precision"])
        assert row["f1_score"] == pytest.approx(report[str(index)]["f1-score"])
        assert row["support"] == report[str(index)]["support"]
        assert row["AUC"] == pytest.approx(sk.roc_auc_score(truth == index, probabilities[:, index]))


def test_the_averages_table_repeats_the_metrics() -> None:
    values = classification_metrics(*draw())
    table = averages_table(values)
    assert set(table) == {"macro", "micro", "weighted"}
    assert table["weighted"]["AUC"] == values["AUC_weighted"]


def test_confusion_rows_are_true_and_columns_predicted() -> None:
    probabilities = np.array([[0.1, 0.9, 0], [0.1, 0.9, 0], [0.8, 0.2, 0]])
    assert confusion_matrix(np.array([0, 1, 0]), probabilities) == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_curves_are_thin_and_keep_their_area() -> None:
    truth, probabilities = draw(images=3000)
    curves = classification_curves(one_hot(truth, 4), probabilities, list("abcd"))
    assert [curve["label"] for curve in curves["roc"]] == [*"abcd", MICRO_AVERAGE, MACRO_AVERAGE, WEIGHTED_AVERAGE]
    for curve in curves["roc"] + curves["precision_recall"]:
        assert len(curve["x"]) == len(curve["y"]) <= 200
        assert curve["x"] == sorted(curve["x"])
    first = curves["roc"][0]
    assert first["area"] == pytest.approx(sk.roc_auc_score(truth == 0, probabilities[:, 0]))
    assert sk.auc(first["x"], first["y"]) == pytest.approx(first["area"], abs=5e-3)
    assert curves["precision_recall"][0]["area"] == pytest.approx(
        sk.average_precision_score(truth == 0, probabilities[:, 0])
    )


def test_curves_of_averages_have_the_area_of_their_metric() -> None:
    truth, probabilities = draw(images=3000)
    metrics = classification_metrics(truth, probabilities)
    curves = classification_curves(one_hot(truth, 4), probabilities, list("abcd"))
    for kind, metric in (("roc", "AUC"), ("precision_recall", "average_precision_score")):
        for curve in curves[kind][-3:]:
            expected = metrics[f"{metric}_{curve['label'].partition(' ')[0]}"]
            assert curve["area"] == pytest.approx(expected)
            assert sk.auc(curve["x"], curve["y"]) == pytest.approx(expected, abs=5e-3)


def test_curves_of_absent_classes_are_absent() -> None:
    curves = classification_curves(one_hot(np.zeros(4, dtype=int), 2), np.array([[0.9, 0.1]] * 4), ["a", "b"])
    assert [curve["label"] for curve in curves["roc"]] == [MICRO_AVERAGE]
    assert [curve["label"] for curve in curves["precision_recall"]] == [
        "a",
        MICRO_AVERAGE,
        MACRO_AVERAGE,
        WEIGHTED_AVERAGE,
    ]
