"""By which metric the best epoch may be chosen, and by which one asks for to have it recorded (SPEC §4.6, §7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vision.catalog.task_types import TASK_TYPES, TaskType

LOSS = "loss"
VALIDATION_LOSS = "loss_valid"
_NAMED = ("accuracy", "f1_score_macro", "precision_score_macro", "recall_score_macro")
_OBJECTS = ("mean_average_precision", "precision", "recall", "coco_AP", LOSS)
BEST_METRICS: Mapping[str, tuple[str, ...]] = {
    TaskType.CLASSIFICATION: (
        *_NAMED,
        *("AUC_weighted", "average_precision_score_weighted", "precision_score_weighted", "norm_macro_recall"),
        *("balanced_accuracy", LOSS),
    ),
    TaskType.MULTILABEL: ("iou", "iou_macro", "iou_micro", "iou_weighted", *_NAMED, LOSS),
    TaskType.DETECTION: _OBJECTS,
    TaskType.SEGMENTATION: _OBJECTS,
}
CHOICES = (
    *dict.fromkeys(name for names in BEST_METRICS.values() for name in names if name != LOSS),
    LOSS,
)


def find_metric(primary_metric: str, values: Mapping[str, Any]) -> tuple[str, bool]:
    """The recorded metric that the best epoch is chosen by, and whether the highest value is the best."""
    name = values.get("metric_for_best_model") or primary_metric
    return (VALIDATION_LOSS, False) if name == LOSS else (name, True)


def explain_metric(task_type: str, values: Mapping[str, Any]) -> str:
    """Why the chosen metric is not there to choose by; empty where it is, or none was chosen."""
    name = values.get("metric_for_best_model")
    if not name or name == TASK_TYPES.get(task_type).primary_metric:
        return ""
    if name not in BEST_METRICS[task_type]:
        *most, last = BEST_METRICS[task_type]
        return f"Must be {', '.join(most)} or {last} for {task_type}, not {name!r}."
    if name == LOSS:
        is_recorded = values.get("log_validation_loss", "Enable") == "Enable"
        return "" if is_recorded else "The loss is not recorded: leave log_validation_loss out."
    metric_type = values.get("validation_metric_type", "voc")
    if name in ("precision", "recall") and "voc" not in metric_type:
        return f"{name} is not measured with validation_metric_type {metric_type}: set voc or coco_voc."
    if name == "coco_AP" and "coco" not in metric_type:
        return f"coco_AP is not measured with validation_metric_type {metric_type}: set coco or coco_voc."
    return ""
