"""An evaluation's tables under the names that Azure logs them by.

Source: SPEC §7.1, §7.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vision.catalog.task_types import OBJECT_TASKS


def list_logged(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """What Azure would show of this evaluation beside its scalar metrics. Undefined is None, where Azure says −1."""
    if evaluation["task_type"] in OBJECT_TASKS:
        return _list_objects(evaluation)
    logged = {"classification_report": _report(evaluation)}
    for name in ("confusion_matrix", "accuracy_table"):
        if evaluation.get(name) is not None:
            logged[name] = evaluation[name]
    if "confusion_matrix" in logged:
        logged["confusion_matrix"] = {"class_labels": evaluation["label_names"], "matrix": logged["confusion_matrix"]}
    return logged


def _report(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    columns = ("precision", "recall", "f1_score", "support", "AUC", "average_precision")
    rows = {row["label"]: {name: row[name] for name in columns} for row in evaluation["per_label"]}
    return rows | {f"{name} avg": row for name, row in evaluation["averages"].items()}


def _list_objects(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    points = evaluation["curves"]["scores"]
    level = evaluation["image_level"]
    return {
        "per_label_metrics": {
            row["label"]: {name: row[name] for name in ("precision", "recall", "average_precision")}
            for row in evaluation["per_label"]
        },
        "image_level_binary_classifier_metrics": {
            name: level[name] for name in ("precision", "recall", "average_precision")
        },
        # Rows are true classes and columns predicted ones, then missed; false alarms have no row
        "confusion_matrices_per_score_threshold": {
            f"{one['score']:g}": one["matrix"][:-1] for one in evaluation["confusion_matrices"]
        },
        "precisions_per_score_threshold": {f"{point['score']:g}": point["precision"] for point in points},
        "recalls_per_score_threshold": {f"{point['score']:g}": point["recall"] for point in points},
        "coco_metrics": evaluation["coco"],
    }
