"""Scoring a split: which detections count for what, and what comes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vision.architectures.detection import DetectionLimits
from vision.catalog.task_types import TaskType
from vision.metrics.detection.analysis import ImageAnalysis, analyse_images
from vision.metrics.detection.objects import FoundObjects, TrueObjects
from vision.metrics.detection.report import MEAN_AVERAGE_PRECISION, build_detection_report, scalar_metrics
from vision.spec.settings import BoxSettings, YoloSettings, mask_threshold
from vision.tasks.base import Evaluation

_LOWEST_SCORE = 0.01
_LOWEST_YOLO_SCORE = 0.001


def evaluation_limits(settings: BoxSettings) -> DetectionLimits:
    """What a network hands over to be scored: far more than a finished model answers with.

    Average precision is the area under a curve over all scores, so it counts every detection from 0.01 on (YOLOv5,
    whose scores are lower, from 0.001 on: ultralytics' own threshold in validation). Precision, recall and the analysis
    of errors are of those that reach `box_score_threshold`. Suppression and the most detections an image are as in the
    finished model.
    """
    lowest = _LOWEST_YOLO_SCORE if isinstance(settings, YoloSettings) else _LOWEST_SCORE
    return DetectionLimits(
        min(lowest, settings.box_score_thresh),
        settings.nms_iou_thresh,
        settings.box_detections_per_img,
        mask_threshold(settings),
    )


@dataclass(frozen=True)
class Scorer:
    """How a run scores. `iou` is `validation_iou_threshold`, `score` is `box_score_threshold`, `metric_type` is
    `validation_metric_type`."""

    task_type: str
    label_names: list[str]
    iou: float
    score: float
    metric_type: str

    @property
    def by_masks(self) -> bool:
        return self.task_type == TaskType.SEGMENTATION

    def evaluate(
        self, truth: Sequence[TrueObjects], found: Sequence[FoundObjects], split: str, places: Sequence[int]
    ) -> Evaluation:
        """One entry an image; `places` are the rows that the report calls the images by.

        With metric type `none` the report is empty. The mean average precision is told all the same, because the best
        epoch and early stopping go by it.
        """
        is_measured = self.metric_type != "none"
        metrics = self._measure(truth, found, self.metric_type if is_measured else "voc")
        if not is_measured:
            metrics = {MEAN_AVERAGE_PRECISION: metrics[MEAN_AVERAGE_PRECISION]}

        def describe() -> dict[str, Any]:
            report = build_detection_report(
                truth,
                found,
                self.label_names,
                task_type=self.task_type,
                split=split,
                iou=self.iou,
                score=self.score,
                metric_type=self.metric_type,
                places=places,
            )
            return report | {"metrics": metrics}

        return Evaluation(metrics, describe)

    def analyse(self, truth: Sequence[TrueObjects], found: Sequence[FoundObjects]) -> list[ImageAnalysis]:
        """What is right and wrong on each image."""
        return analyse_images(
            truth, found, len(self.label_names), by_masks=self.by_masks, iou=self.iou, score=self.score
        )

    def _measure(
        self, truth: Sequence[TrueObjects], found: Sequence[FoundObjects], metric_type: str
    ) -> dict[str, float | None]:
        return scalar_metrics(
            truth,
            found,
            len(self.label_names),
            task_type=self.task_type,
            iou=self.iou,
            score=self.score,
            metric_type=metric_type,
        )
