"""Each kind of error, as TIDE's figure 2 draws them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.vision.metrics.detection.scenes import draw_scenes, find, place
from vision.metrics.detection.analysis import ImageAnalysis, analyse_image, analyse_images
from vision.metrics.detection.confusion import ConfusionCounter
from vision.metrics.detection.errors import TYPES, count_errors, find_errors
from vision.metrics.detection.matching import match_finds
from vision.metrics.detection.overlaps import measure_overlaps

OBJECT = (20, 20, 60, 60)
EXACT, NEAR, FAR = OBJECT, (20, 40, 60, 80), (70, 70, 99, 99)  # IoU 1, 1/3, 0
LABELS = 4


def analyse(objects: list, finds: list, crowds: tuple[int, ...] = (), score: float = 0.3) -> ImageAnalysis:
    return analyse_image(place(objects, crowds), find(finds), LABELS, by_masks=False, iou=0.5, score=score)


@pytest.mark.parametrize(
    ("found", "error", "iou", "truth", "is_missed"),
    [
        ((0, 0.9, EXACT), None, 1, 0, False),
        ((1, 0.9, EXACT), "class", 1, 0, False),
        ((0, 0.9, NEAR), "localisation", 1 / 3, 0, False),
        ((1, 0.9, NEAR), "both", 1 / 3, 0, True),
        ((0, 0.9, FAR), "background", 0, None, True),
        ((0, 0.9, (20, 57, 60, 97)), "background", 3 / 77, None, True),
    ],
)
def test_one_object_and_one_find(found: Any, error: str | None, iou: float, truth: int | None, is_missed: bool) -> None:
    analysis = analyse([(0, OBJECT)], [found])
    verdict = analysis.finds[0]
    assert (verdict.error, verdict.truth, verdict.iou) == (error, truth, pytest.approx(iou))
    assert analysis.is_missed == [is_missed]
    assert analysis.is_found == [error is None]
    assert analysis.missed == int(is_missed)
    assert analysis.errors == [*([error] if error else []), *(["missed"] if is_missed else [])]
    assert analysis.is_right == (error is None)


def test_the_second_find_of_an_object_is_a_duplicate() -> None:
    analysis = analyse([(0, OBJECT)], [(0, 0.5, EXACT), (0, 0.9, (20, 20, 60, 59))])
    assert [one.error for one in analysis.finds] == ["duplicate", None]  # in the order given, not by score
    assert [one.truth for one in analysis.finds] == [0, 0]
    assert analysis.errors == ["duplicate"]


def test_the_object_overlapped_most_decides() -> None:
    objects = [(0, OBJECT), (1, (20, 24, 60, 64))]
    # Most on the object of label 1, enough on that of its own label, which another find has got.
    analysis = analyse(objects, [(0, 0.9, EXACT), (0, 0.8, (20, 23, 60, 63))])
    assert [(one.error, one.truth) for one in analysis.finds] == [(None, 0), ("class", 1)]


def test_an_object_with_an_error_on_it_is_not_missed_but_not_found_either() -> None:
    analysis = analyse([(0, OBJECT), (2, FAR)], [(1, 0.9, EXACT)])
    assert (analysis.is_found, analysis.is_missed, analysis.missed) == ([False, False], [False, True], 1)
    assert analysis.errors == ["class", "missed"]


def test_finds_in_a_crowd_are_no_errors_and_a_crowd_is_not_missed() -> None:
    analysis = analyse([(0, (0, 0, 90, 90)), (0, (5, 5, 60, 60))], [(0, 0.9, OBJECT)], crowds=(0, 1))
    verdict = analysis.finds[0]
    assert (verdict.error, verdict.truth, verdict.iou) == (None, 0, pytest.approx(1))
    assert (analysis.is_missed, analysis.is_right, analysis.pairs) == ([False, False], True, [])
    assert analyse([(1, (0, 0, 90, 90))], [(0, 0.9, OBJECT)], crowds=(0,)).errors == ["background"]


def test_finds_below_the_score_are_judged_but_do_not_count() -> None:
    analysis = analyse([(0, OBJECT)], [(0, 0.2, EXACT), (2, 0.1, FAR)])
    assert [one.error for one in analysis.finds] == [None, "background"]
    assert (analysis.is_found, analysis.is_missed, analysis.errors) == ([False], [True], ["missed"])
    assert (analysis.pairs, analysis.badness) == ([(0, None)], 1)


def test_badness_weighs_wrong_finds_by_their_scores() -> None:
    analysis = analyse([(0, OBJECT)], [(1, 0.8, FAR), (2, 0.5, FAR), (3, 0.1, FAR)])
    assert analysis.badness == pytest.approx(0.8 + 0.5 + 1)
    assert sorted(analysis.pairs, key=str) == [(0, None), (None, 1), (None, 2)]
    assert analyse([(0, OBJECT)], [(0, 0.9, EXACT)]).badness == 0


def test_images_together_are_judged_as_alone() -> None:
    truth, found = draw_scenes(25, LABELS, seed=4)
    together = analyse_images(truth, found, LABELS, by_masks=True, iou=0.5, score=0.4)
    for one, objects, finds in zip(together, truth, found, strict=True):
        alone = analyse_image(objects, finds, LABELS, by_masks=True, iou=0.5, score=0.4)
        assert (one.finds, one.is_found, one.is_missed, one.errors) == (
            alone.finds,
            alone.is_found,
            alone.is_missed,
            alone.errors,
        )
        assert sorted(one.pairs, key=str) == sorted(alone.pairs, key=str)
        assert one.badness == pytest.approx(alone.badness)
    assert analyse_images([], [], LABELS, by_masks=False, iou=0.5, score=0.4) == []


def test_every_wrong_find_has_one_error_and_right_ones_have_none() -> None:
    truth, found = draw_scenes(labels=LABELS, seed=8)
    overlaps = measure_overlaps(truth, found, LABELS, by_masks=False)
    matches = match_finds(overlaps, 0.5)
    errors = find_errors(overlaps, matches)
    assert ((errors.error >= 0) == matches.is_wrong).all()
    assert set(errors.error) == {-1, 0, 1, 2, 3, 4}
    assert not (errors.is_missed(0.3) & errors.is_found(0.3)).any()


def test_counts_and_their_worst_images() -> None:
    truth, found = draw_scenes(labels=LABELS, seed=8)
    overlaps = measure_overlaps(truth, found, LABELS, by_masks=False)
    rows = count_errors(overlaps, find_errors(overlaps, match_finds(overlaps, 0.5)), 0.3)
    analyses = analyse_images(truth, found, LABELS, by_masks=False, iou=0.5, score=0.3)
    assert [row["type"] for row in rows] == list(TYPES)
    for row in rows[:-1]:
        badness = [
            sum(
                score
                for verdict, score in zip(one.finds, finds.scores, strict=True)
                if verdict.error == row["type"] and score >= 0.3
            )
            for one, finds in zip(analyses, found, strict=True)
        ]
        count = sum(
            verdict.error == row["type"]
            for one, finds in zip(analyses, found, strict=True)
            for verdict, score in zip(one.finds, finds.scores, strict=True)
            if score >= 0.3
        )
        assert row["count"] == count > 0
        expected = np.argsort(-np.array(badness), kind="stable")[:20]
        assert [badness[image] for image in row["examples"]] == pytest.approx(
            [badness[image] for image in expected if badness[image] > 0]
        )
    assert rows[-1]["count"] == sum(one.missed for one in analyses)
    assert all(analyses[image].missed for image in rows[-1]["examples"])


def test_pairs_of_all_images_are_the_confusion_matrix() -> None:
    truth, found = draw_scenes(labels=LABELS, seed=9)
    analyses = analyse_images(truth, found, LABELS, by_masks=False, iou=0.5, score=0.3)
    matrix = np.zeros((LABELS + 1, LABELS + 1), dtype=int)
    for one in analyses:
        for true_label, found_label in one.pairs:
            matrix[LABELS if true_label is None else true_label, LABELS if found_label is None else found_label] += 1
    overlaps = measure_overlaps(truth, found, LABELS, by_masks=False)
    assert ConfusionCounter(overlaps, 0.5).count(0.3) == matrix.tolist()
