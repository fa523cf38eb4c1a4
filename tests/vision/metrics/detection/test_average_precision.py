"""VOC's average precision: against counting in plain loops, and where the area is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from faster_coco_eval.core import mask as coco_masks

from tests.vision.metrics.detection.scenes import draw_scenes, find, place
from vision.metrics.detection.average_precision import mean_defined, rank_finds
from vision.metrics.detection.matching import match_finds
from vision.metrics.detection.objects import FoundObjects, TrueObjects
from vision.metrics.detection.overlaps import measure_overlaps

LABELS = 4


def average_precisions(
    truth: Sequence[TrueObjects], found: Sequence[FoundObjects], iou: float = 0.5, *, by_masks: bool = False
) -> list[float | None]:
    overlaps = measure_overlaps(truth, found, LABELS, by_masks=by_masks)
    return [ranking.average_precision for ranking in rank_finds(overlaps, match_finds(overlaps, iou))]


def plain_average_precision(
    truth: Sequence[TrueObjects], found: Sequence[FoundObjects], label: int, iou: float, by_masks: bool
) -> float | None:
    """Loops after VOCevaldet.m, one find after the other; crowds by COCO's share of the find."""
    support = sum(int(((one.labels == label) & ~one.crowd).sum()) for one in truth)
    if not support:
        return None
    finds = [
        (-one.scores[place], image, place)
        for image, one in enumerate(found)
        for place in range(len(one))
        if one.labels[place] == label
    ]
    taken: set[tuple[int, int]] = set()
    flags: list[bool] = []
    for _, image, place_ in sorted(finds):
        objects = truth[image]
        best, best_overlap, in_crowd = None, 0.0, False
        for index in range(len(objects)):
            if objects.labels[index] != label:
                continue
            overlap = plain_overlap(found[image], place_, objects, index, by_masks)
            if objects.crowd[index]:
                in_crowd |= overlap >= iou
            elif overlap > best_overlap:
                best, best_overlap = (image, index), overlap
        if best is not None and best_overlap >= iou and best not in taken:
            taken.add(best)
            flags.append(True)
        elif not in_crowd:
            flags.append(False)
    points, right = [(0.0, 0.0)], 0
    for rank, is_right in enumerate(flags, start=1):
        right += is_right
        points.append((right / support, right / rank))
    area = 0.0
    for recall in sorted({recall for recall, _ in points} - {0.0}):
        before = max(other for other, _ in points if other < recall)
        area += (recall - before) * max(precision for other, precision in points if other >= recall)
    return area


def plain_overlap(found: FoundObjects, place_: int, truth: TrueObjects, index: int, by_masks: bool) -> float:
    if by_masks:
        mine, its = coco_masks.decode(found.masks[place_]) > 0, coco_masks.decode(truth.masks[index]) > 0
        shared, whole = (mine & its).sum(), (mine if truth.crowd[index] else mine | its).sum()
        return float(shared / whole) if whole else 0.0
    a, b = found.boxes[place_], truth.boxes[index]
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    mine, its = (a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])
    return float(shared / (mine if truth.crowd[index] else mine + its - shared))


@pytest.mark.parametrize("iou", [0.1, 0.5, 0.75])
@pytest.mark.parametrize("seed", range(3))
def test_it_equals_plain_loops_by_boxes(seed: int, iou: float) -> None:
    truth, found = draw_scenes(labels=LABELS, seed=seed)
    expected = [plain_average_precision(truth, found, label, iou, by_masks=False) for label in range(LABELS)]
    assert expected[-2] is None
    assert expected[-1] == 0
    assert average_precisions(truth, found, iou) == [
        value if value is None else pytest.approx(value, abs=1e-12) for value in expected
    ]


def test_it_equals_plain_loops_by_masks() -> None:
    truth, found = draw_scenes(20, LABELS, seed=7)
    expected = [plain_average_precision(truth, found, label, 0.5, by_masks=True) for label in range(LABELS)]
    assert average_precisions(truth, found, by_masks=True) == [
        value if value is None else pytest.approx(value, abs=1e-12) for value in expected
    ]
    assert average_precisions(truth, found, by_masks=True) != average_precisions(truth, found)


def test_the_area_under_right_wrong_right_is_five_sixths() -> None:
    # Precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1: the envelope is 1 up to 1/2 and 2/3 up to 1.
    truth = [place([(0, (0, 0, 30, 30)), (0, (50, 50, 90, 90))])]
    found = [find([(0, 0.9, (0, 0, 30, 30)), (0, 0.8, (60, 0, 90, 30)), (0, 0.7, (50, 50, 90, 90))])]
    assert average_precisions(truth, found)[0] == pytest.approx(1 / 2 + 1 / 2 * 2 / 3)


def test_a_later_find_raises_the_precision_of_earlier_recalls() -> None:
    # Wrong, then right three times: precision 0, 1/2, 2/3, 3/4; the envelope is 3/4 everywhere.
    boxes = [(0, 0, 20, 20), (30, 0, 50, 20), (60, 0, 80, 20)]
    truth = [place([(0, box) for box in boxes])]
    found = [find([(0, 0.9, (0, 60, 20, 80)), *((0, 0.5, box) for box in boxes)])]
    assert average_precisions(truth, found)[0] == pytest.approx(3 / 4)


def test_an_object_is_found_once_and_a_second_find_is_wrong() -> None:
    truth = [place([(0, (0, 0, 30, 30)), (0, (60, 60, 90, 90))])]
    found = [find([(0, 0.9, (0, 0, 30, 30)), (0, 0.8, (1, 0, 31, 30)), (0, 0.7, (60, 60, 90, 90))])]
    assert average_precisions(truth, found)[0] == pytest.approx(1 / 2 + 1 / 2 * 2 / 3)


def test_a_find_does_not_move_on_to_the_next_object_when_its_own_is_taken() -> None:
    # Both overlap the first most; the second would do for the later find, which COCO would give it.
    truth = [place([(0, (0, 0, 40, 40)), (0, (0, 12, 40, 52))])]
    found = [find([(0, 0.9, (0, 0, 40, 40)), (0, 0.8, (0, 2, 40, 42))])]
    assert average_precisions(truth, found)[0] == pytest.approx(1 / 2)


def test_finds_in_a_crowd_are_neither_right_nor_wrong() -> None:
    truth = [place([(0, (0, 0, 30, 30)), (0, (40, 40, 100, 100))], crowds=[1])]
    inside = [(0, 0.9, (50, 50, 60, 60)), (0, 0.8, (45, 45, 70, 90)), (0, 0.7, (0, 0, 30, 30))]
    assert average_precisions(truth, [find(inside)])[0] == 1
    assert average_precisions(truth, [find([(0, 0.95, (0, 60, 41, 100)), *inside])])[0] == pytest.approx(1 / 2)
    others = [(1, *rest) for _, *rest in inside]
    assert average_precisions(truth, [find([*inside, *others])])[1] is None


@pytest.mark.parametrize("shift", [0, 1])
def test_the_iou_threshold_is_reached_by_equality(shift: int) -> None:
    # 20 of 40 rows shared with an object of 20 rows: IoU 1/2 exactly, less when moved.
    truth = [place([(0, (0, 20, 50, 40))])]
    found = [find([(0, 0.9, (0, 0 - shift, 50, 40 - shift))])]
    assert average_precisions(truth, found)[0] == (0 if shift else 1)


def test_finds_count_by_score_over_all_images_in_whatever_order_they_are_given() -> None:
    truth, found = draw_scenes(labels=LABELS, seed=11)
    mixed = []
    for one in found:
        order = np.random.default_rng(len(one)).permutation(len(one))
        masks = [one.masks[index] for index in order]
        mixed.append(FoundObjects(one.boxes[order], one.labels[order], one.scores[order] + order * 1e-9, masks))
    tidy = [FoundObjects(one.boxes, one.labels, one.scores + np.arange(len(one)) * 1e-9, one.masks) for one in found]
    assert average_precisions(truth, mixed) == average_precisions(truth, tidy)


def test_the_mean_leaves_out_labels_without_truth() -> None:
    assert mean_defined([None, 0.5, 0.0]) == 0.25
    assert mean_defined([None]) is None
