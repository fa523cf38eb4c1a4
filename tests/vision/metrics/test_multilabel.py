"""Equal to scikit-learn's own functions where it takes the same input, to counting by hand elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from vision.metrics.classification import averages_table
from vision.metrics.label_thresholds import thresholds_report
from vision.metrics.multilabel import count_mix_ups, image_ious, multilabel_metrics, per_label_table


def draw(images: int = 200, labels: int = 4, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.random((images, labels)) < np.linspace(0.1, 0.7, labels)
    return truth, np.clip(0.35 * truth + 0.65 * random.random((images, labels)), 0, 1)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
def test_averages_equal_scikit_learn(average: str) -> None:
    truth, probabilities = draw()
    predicted = probabilities >= 0.5
    found = multilabel_metrics(truth, probabilities)
    given = {"average": average, "zero_division": 0}
    assert found[f"precision_score_{average}"] == pytest.approx(sk.precision_score(truth, predicted, **given))
    assert found[f"recall_score_{average}"] == pytest.approx(sk.recall_score(truth, predicted, **given))
    assert found[f"f1_score_{average}"] == pytest.approx(sk.f1_score(truth, predicted, **given))
    assert found[f"iou_{average}"] == pytest.approx(sk.jaccard_score(truth, predicted, **given))
    assert found[f"AUC_{average}"] == pytest.approx(sk.roc_auc_score(truth, probabilities, average=average))
    assert found[f"average_precision_score_{average}"] == pytest.approx(
        sk.average_precision_score(truth, probabilities, average=average)
    )


def test_scores_over_images_equal_scikit_learn() -> None:
    truth, probabilities = draw()
    predicted = probabilities >= 0.5
    assert not (truth | predicted).any(axis=1).all()  # some image has no label and is given none
    found = multilabel_metrics(truth, probabilities)
    assert found["iou"] == pytest.approx(sk.jaccard_score(truth, predicted, average="samples", zero_division=1))
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, predicted))


def test_the_iou_of_an_image_is_shared_labels_over_all_labels() -> None:
    truth = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0], [1, 1, 1]], dtype=bool)
    predicted = np.array([[1, 0, 1], [1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0]], dtype=bool)
    assert image_ious(truth, predicted).tolist() == pytest.approx([1 / 3, 1, 1, 0, 0])


def test_one_half_is_enough_for_a_label() -> None:
    found = multilabel_metrics(np.array([[True, False]]), np.array([[0.5, 0.499]]))
    assert found["accuracy"] == 1


def test_a_label_alone_is_not_taken_for_two_classes() -> None:
    truth, probabilities = np.array([[1], [1], [0], [0]], dtype=bool), np.array([[0.9], [0.2], [0.8], [0.1]])
    found = multilabel_metrics(truth, probabilities)
    assert found["precision_score_macro"] == 0.5
    assert found["recall_score_weighted"] == 0.5
    assert found["iou_micro"] == pytest.approx(1 / 3)
    assert found["AUC_micro"] == pytest.approx(sk.roc_auc_score(truth[:, 0], probabilities[:, 0]))


def test_labels_without_positives_are_left_out_of_areas_and_count_nothing_elsewhere() -> None:
    truth = np.array([[1, 0, 1], [0, 0, 1]], dtype=bool)
    probabilities = np.array([[0.9, 0.1, 0.9], [0.2, 0.2, 0.6]])
    found = multilabel_metrics(truth, probabilities)
    assert found["AUC_macro"] == 1  # of the first alone: the second has no positives, the third no negatives
    assert found["average_precision_score_macro"] == 1
    assert found["recall_score_macro"] == pytest.approx(2 / 3)
    row = per_label_table(truth, probabilities, ["a", "b", "c"])[1]
    assert (row["support"], row["recall"], row["AUC"], row["average_precision"]) == (0, 0, None, None)


def test_without_any_label_areas_are_undefined_and_the_rest_is_finite() -> None:
    found = multilabel_metrics(np.zeros((3, 2), dtype=bool), np.full((3, 2), 0.1))
    assert (found["iou"], found["accuracy"], found["AUC_micro"], found["AUC_macro"]) == (1, 1, None, None)
    assert all(value is None or np.isfinite(value) for value in found.values())


def test_the_table_of_labels_equals_scikit_learn() -> None:
    truth, probabilities = draw()
    predicted = probabilities >= 0.5
    tables = sk.multilabel_confusion_matrix(truth, predicted)
    for index, row in enumerate(per_label_table(truth, probabilities, list("abcd"))):
        counts = [[row["true_negatives"], row["false_positives"]], [row["false_negatives"], row["true_positives"]]]
        assert counts == tables[index].tolist()
        assert row["iou"] == pytest.approx(sk.jaccard_score(truth[:, index], predicted[:, index]))
        assert row["f1_score"] == pytest.approx(sk.f1_score(truth[:, index], predicted[:, index]))
        assert row["AUC"] == pytest.approx(sk.roc_auc_score(truth[:, index], probabilities[:, index]))


def test_the_averages_have_the_iou_too() -> None:
    values = multilabel_metrics(*draw())
    assert averages_table(values)["weighted"]["iou"] == values["iou_weighted"]


def test_mix_ups_count_images_where_one_was_missed_and_another_given() -> None:
    truth = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]], dtype=bool)
    predicted = np.array([[0, 1, 1], [1, 0, 1], [0, 0, 1]], dtype=bool)
    assert count_mix_ups(truth, predicted) == [[0, 1, 1], [0, 0, 1], [0, 0, 0]]


def test_each_threshold_is_scored_as_if_it_had_been_used() -> None:
    truth, probabilities = draw()
    report = thresholds_report(truth, probabilities)
    for row in report["scores"]:
        predicted = probabilities >= row["score"]
        given = {"zero_division": 0}
        assert row["precision"] == pytest.approx(sk.precision_score(truth, predicted, average="micro", **given))
        assert row["recall"] == pytest.approx(sk.recall_score(truth, predicted, average="micro", **given))
        assert row["iou"] == pytest.approx(sk.jaccard_score(truth, predicted, average="samples", zero_division=1))
        assert row["accuracy"] == pytest.approx(sk.accuracy_score(truth, predicted))
        tables = sk.multilabel_confusion_matrix(truth, predicted)
        counts = zip(row["false_positives"], row["false_negatives"], row["true_positives"], strict=True)
        assert list(counts) == [(table[0, 1], table[1, 0], table[1, 1]) for table in tables]
    at_half = next(row for row in report["scores"] if row["score"] == report["score"])
    assert at_half["iou"] == pytest.approx(multilabel_metrics(truth, probabilities)["iou"])


def test_the_recommended_threshold_has_the_best_iou() -> None:
    truth = np.array([[1], [1], [0], [0]], dtype=bool)
    assert thresholds_report(truth, np.array([[0.41], [0.3], [0.22], [0.1]]))["recommended_score"] in (0.25, 0.3)
    assert thresholds_report(truth, np.array([[0.99], [0.97], [0.02], [0.01]]))["recommended_score"] == 0.5
