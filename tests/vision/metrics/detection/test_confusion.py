from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tests.vision.metrics.detection.scenes import draw_scenes, find, place
from tests.vision.metrics.detection.test_average_precision import plain_overlap
from vision.metrics.detection.confusion import ConfusionCounter, confusion_matrices
from vision.metrics.detection.objects import FoundObjects, TrueObjects
from vision.metrics.detection.overlaps import measure_overlaps

HERE, THERE, ELSEWHERE = (0, 0, 30, 30), (50, 50, 90, 90), (60, 0, 90, 30)
LABELS = 4


def count(truth: Sequence[TrueObjects], found: Sequence[FoundObjects], labels: int, score: float) -> list[list[int]]:
    return ConfusionCounter(measure_overlaps(truth, found, labels, by_masks=False), 0.5).count(score)


def count_plainly(truth: Sequence[TrueObjects], found: Sequence[FoundObjects], score: float) -> list[list[int]]:
    """One image after the other, one pair after the other."""
    matrix = np.zeros((LABELS + 1, LABELS + 1), dtype=int)
    for objects, finds in zip(truth, found, strict=True):
        kept = [place_ for place_ in range(len(finds)) if finds.scores[place_] >= score]
        overlap = {
            (mine, its): plain_overlap(finds, mine, objects, its, False) for mine in kept for its in range(len(objects))
        }
        order = sorted(
            (pair for pair in overlap if not objects.crowd[pair[1]] and overlap[pair] >= 0.5),
            key=lambda pair: (-overlap[pair], finds.labels[pair[0]] != objects.labels[pair[1]], -finds.scores[pair[0]]),
        )
        used: dict[int, int] = {}
        for mine, its in order:
            if mine not in used and its not in used.values():
                used[mine] = its
        for mine in kept:
            in_crowd = any(
                objects.crowd[its] and objects.labels[its] == finds.labels[mine] and overlap[mine, its] >= 0.5
                for its in range(len(objects))
            )
            if mine in used:
                matrix[objects.labels[used[mine]], finds.labels[mine]] += 1
            elif not in_crowd:
                matrix[LABELS, finds.labels[mine]] += 1
        for its in range(len(objects)):
            if not objects.crowd[its] and its not in used.values():
                matrix[objects.labels[its], LABELS] += 1
    return matrix.tolist()


@pytest.mark.parametrize("score", [0.0, 0.3, 0.8])
@pytest.mark.parametrize("seed", range(3))
def test_it_equals_going_through_all_pairs(seed: int, score: float) -> None:
    truth, found = draw_scenes(labels=LABELS, seed=seed)
    assert count(truth, found, LABELS, score) == count_plainly(truth, found, score)


def test_a_matrix_by_hand() -> None:
    truth = [place([(0, HERE), (1, THERE)]), place([(0, ELSEWHERE)])]
    found = [find([(0, 0.9, HERE), (0, 0.8, THERE), (1, 0.2, THERE)]), find([(1, 0.6, HERE)])]
    assert count(truth, found, 2, 0.5) == [[1, 0, 1], [1, 0, 0], [0, 1, 0]]
    assert count(truth, found, 2, 0.1) == [[1, 0, 1], [0, 1, 0], [1, 1, 0]]
    assert count(truth, found, 2, 0.95) == [[0, 0, 2], [0, 0, 1], [0, 0, 0]]


def test_what_is_paired_is_what_is_counted() -> None:
    truth, found = draw_scenes(labels=LABELS, seed=3)
    counter = ConfusionCounter(measure_overlaps(truth, found, LABELS, by_masks=False), 0.5)
    matrix = np.zeros((LABELS + 1, LABELS + 1), dtype=int)
    for image, true_label, found_label in counter.list_pairs(0.4):
        matrix[LABELS if true_label is None else true_label, LABELS if found_label is None else found_label] += 1
        assert true_label is None or true_label in truth[image].labels
        assert found_label is None or found_label in found[image].labels
    assert matrix.tolist() == counter.count(0.4)


def test_matrices_come_by_rising_score_and_stop_where_they_would_fill_a_disk() -> None:
    truth, found = draw_scenes(5, LABELS)
    overlaps = measure_overlaps(truth, found, LABELS, by_masks=False)
    assert [one["score"] for one in confusion_matrices(overlaps, 0.5, (0.5, 0.1, 0.9))] == [0.1, 0.5, 0.9]
    many = measure_overlaps(truth, found, 400, by_masks=False)
    assert [one["score"] for one in confusion_matrices(many, 0.5, [0.5, *np.arange(1, 5) / 10])] == [0.1, 0.2, 0.5]
    assert confusion_matrices(measure_overlaps(truth, found, 1000, by_masks=False), 0.5, [0.5]) == []
