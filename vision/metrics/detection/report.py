"""The evaluation of a split: every number that is written of found objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from vision.catalog.task_types import TaskType
from vision.metrics.bootstrap import Confidence
from vision.metrics.detection.average_precision import Ranking, mean_defined, rank_finds
from vision.metrics.detection.coco import CocoScores, score_coco
from vision.metrics.detection.confusion import confusion_matrices
from vision.metrics.detection.curves import describe_curves
from vision.metrics.detection.errors import find_errors
from vision.metrics.detection.geometry import compare_images
from vision.metrics.detection.matching import Matches, match_finds, match_finds_freely
from vision.metrics.detection.objects import FoundObjects, TrueObjects
from vision.metrics.detection.operating import Judged
from vision.metrics.detection.overlaps import Overlaps, measure_overlaps
from vision.metrics.detection.resampling import bootstrap_average_precision
from vision.metrics.detection.scores import average_counts, describe_scores, list_told_scores, recommend_score

MEAN_AVERAGE_PRECISION = "mean_average_precision"
_METRICS = (MEAN_AVERAGE_PRECISION, "precision", "recall")
_COCO_IOU = 0.5
_COCO_MOST = 100  # finds of an image and label that COCO counts
_CURVE_IOUS = (0.5, 0.75)


@dataclass(frozen=True)
class Rules:
    """How a run scores: by boxes or masks, from which IoU on a find matches, from which score on it counts, and which
    metrics (`validation_metric_type`).

    With `coco` the mean average precision is COCO's AP50, because what Azure shows of that type is the number at an IoU
    of 0.5 (SPEC §7.2) and because trials of either type then compare; the mean over IoU 0.50 to 0.95 is `coco_AP`. With
    `voc` and `coco_voc` it is VOC's at the IoU threshold. With `none` nothing is measured.
    """

    task_type: str
    iou: float
    score: float
    metric_type: str

    @property
    def by_masks(self) -> bool:
        return self.task_type == TaskType.SEGMENTATION

    @property
    def has_coco(self) -> bool:
        return "coco" in self.metric_type

    @property
    def match_iou(self) -> float:
        """The IoU threshold is VOC's; COCO brings its own."""
        return _COCO_IOU if self.metric_type == "coco" else self.iou


def scalar_metrics(
    truth: Sequence[TrueObjects],
    found: Sequence[FoundObjects],
    label_count: int,
    *,
    task_type: str,
    iou: float,
    score: float,
    metric_type: str,
) -> dict[str, float | None]:
    """The metrics by the names they are logged by; None where undefined, all None with metric type `none`. `Rules` says
    what the arguments mean.

    `mean_average_precision`, `precision`, `recall`, with COCO its twelve numbers as `coco_AP`, `coco_AP50`, ….
    """
    rules = Rules(task_type, iou, score, metric_type)
    if metric_type == "none":
        return dict.fromkeys(_METRICS)
    return Scored(truth, found, label_count, rules, rules.by_masks).metrics


def build_detection_report(
    truth: Sequence[TrueObjects],
    found: Sequence[FoundObjects],
    label_names: list[str],
    *,
    task_type: str,
    split: str,
    iou: float,
    score: float,
    metric_type: str,
    places: Sequence[int] | None = None,
) -> dict[str, Any]:
    """`evaluation.json`: plain values only, None for what is undefined. `truth` and `found` have one entry an image.

    `places` are what to call the images where examples of errors are listed; by default their places in `truth`. With
    metric type `none` the parts are there and empty. `Rules` says what the arguments mean. COCO's numbers are told with
    `voc` too: among the metrics they would cost time at every epoch, here once.

    `per_label`, `errors`, `sizes` and `image_level` are at the run's score threshold, `operating_points` have them at
    others too.
    """
    rules = Rules(task_type, iou, score, metric_type)
    head = {"task_type": task_type, "split": split, "images": len(truth), "label_names": label_names}
    if metric_type == "none":
        return head | _empty_parts(rules)
    scored = Scored(truth, found, len(label_names), rules, rules.by_masks)
    parts = scored.describe(label_names)
    if places is not None:
        for row in parts["errors"]:
            row["examples"] = [places[image] for image in row["examples"]]
    if rules.by_masks:
        boxes = Scored(truth, found, len(label_names), rules, by_masks=False)
        parts["box_metrics"] = {MEAN_AVERAGE_PRECISION: boxes.mean_average_precision}
    return head | parts


class Scored:
    """A set of images compared once, by boxes or by masks; everything else is counted from that when asked for."""

    def __init__(
        self,
        truth: Sequence[TrueObjects],
        found: Sequence[FoundObjects],
        label_count: int,
        rules: Rules,
        by_masks: bool,
    ) -> None:
        self.rules = rules
        self._objects = truth, found
        self._by_masks = by_masks
        self._matrices = compare_images(truth, found, by_masks=by_masks)
        self.overlaps: Overlaps = measure_overlaps(
            truth, found, label_count, by_masks=by_masks, matrices=self._matrices
        )
        self.matches: Matches = match_finds(self.overlaps, rules.match_iou)
        self.rankings: list[Ranking] = rank_finds(self.overlaps, self.matches)

    @cached_property
    def coco(self) -> CocoScores:
        return score_coco(*self._objects, self.overlaps.label_count, by_masks=self._by_masks, matrices=self._matrices)

    @property
    def mean_average_precision(self) -> float | None:
        if self.rules.metric_type == "coco":
            return self.coco.numbers["AP50"]
        return mean_defined([ranking.average_precision for ranking in self.rankings])

    @property
    def metrics(self) -> dict[str, float | None]:
        averages = average_counts(self.rankings, self.rules.score)
        numbers = self.coco.numbers if self.rules.has_coco else {}
        return {
            MEAN_AVERAGE_PRECISION: self.mean_average_precision,
            "precision": averages["precision"],
            "recall": averages["recall"],
            **{f"coco_{name}": value for name, value in numbers.items()},
        }

    @property
    def confidence(self) -> Confidence | None:
        """The interval of the mean average precision, by the rules that it was measured by."""
        if self.rules.metric_type != "coco":
            return bootstrap_average_precision(self.overlaps, self.rankings, MEAN_AVERAGE_PRECISION)
        matches = match_finds_freely(self.overlaps, _COCO_IOU, _COCO_MOST)
        rankings = rank_finds(self.overlaps, matches)
        return bootstrap_average_precision(self.overlaps, rankings, MEAN_AVERAGE_PRECISION, by_points=True)

    def describe(self, names: list[str]) -> dict[str, Any]:
        rules, overlaps, confidence = self.rules, self.overlaps, self.confidence
        by_score = describe_scores(self.rankings, rules.score)
        recommended, scores = recommend_score(by_score, rules.score), list_told_scores(by_score, rules.score)
        judged = Judged(overlaps, self.matches, self.rankings, find_errors(overlaps, self.matches), names)
        mine = judged.at(rules.score)
        return {
            "metrics": self.metrics,
            "confidence": None if confidence is None else confidence.to_dict(),
            "per_label": self._add_precisions(mine["per_label"]),
            "coco": self.coco.numbers,
            "thresholds": {"iou": rules.match_iou, "score": rules.score, "recommended_score": recommended},
            "curves": {"precision_recall": self._describe_curves(names), "scores": by_score},
            "confusion_matrices": confusion_matrices(overlaps, rules.match_iou, scores),
            "operating_points": judged.points(scores),
            "errors": mine["errors"],
            "sizes": mine["sizes"],
            "image_level": mine["image_level"],
        }

    def _add_precisions(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows of labels with their average precisions, which no threshold changes."""
        return [
            {
                "label": row["label"],
                "average_precision": ranking.average_precision,
                "average_precision_coco": by_coco,
                **row,
            }
            for row, ranking, by_coco in zip(rows, self.rankings, self.coco.by_label, strict=True)
        ]

    def _describe_curves(self, names: list[str]) -> list[dict[str, Any]]:
        ious = sorted({*_CURVE_IOUS, self.rules.match_iou})
        curves = sum(ranking.support > 0 for ranking in self.rankings) * len(ious)
        described = []
        for iou in ious:
            rankings = rank_finds(self.overlaps, match_finds(self.overlaps, iou))
            described += describe_curves(rankings, names, iou, curves)
        return described


def _empty_parts(rules: Rules) -> dict[str, Any]:
    return {
        "metrics": dict.fromkeys(_METRICS),
        "confidence": None,
        "per_label": [],
        "coco": {},
        "thresholds": {"iou": rules.match_iou, "score": rules.score, "recommended_score": None},
        "curves": {"precision_recall": [], "scores": []},
        "confusion_matrices": [],
        "operating_points": [],
        "errors": [],
        "sizes": [],
        "image_level": {"precision": None, "recall": None, "average_precision": None},
    }
