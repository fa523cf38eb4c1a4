"""The score thresholds that an evaluation can be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vision.catalog.task_types import TaskType

Evaluation = Mapping[str, Any]
_METRICS = {TaskType.MULTILABEL: "IoU"}


def own_score(evaluation: Evaluation) -> float:
    """The model's own threshold, that its answers and metrics go by; a multi-class model answers always, from 0 on."""
    return float(evaluation.get("thresholds", {}).get("score") or 0.0)


def list_scores(evaluation: Evaluation) -> list[float]:
    """The thresholds at which everything is known, ascending."""
    points = evaluation.get("operating_points") or evaluation.get("thresholds", {}).get("scores", [])
    return [point["score"] for point in points] or [own_score(evaluation)]


def choose_score(evaluation: Evaluation, wanted: float | None) -> float:
    """The one of `list_scores` nearest to what is wanted, by default the model's own."""
    target = own_score(evaluation) if wanted is None else wanted
    return min(list_scores(evaluation), key=lambda score: abs(score - target))


def score_options(evaluation: Evaluation, chosen: float) -> list[dict[str, Any]]:
    """`{value, label, is_chosen}` of each threshold; the labels say which is the model's own and which recommended."""
    thresholds = evaluation.get("thresholds", {})
    metric = _METRICS.get(TaskType(evaluation["task_type"]), "F1")
    words = {thresholds.get("recommended_score"): f"best {metric}", own_score(evaluation): "as the model answers"}
    return [
        {
            "value": score,
            "label": f"{score:g}{f' ({words[score]})' if score in words else ''}",
            "is_chosen": score == chosen,
        }
        for score in list_scores(evaluation)
    ]


def mark_scores(evaluation: Evaluation, chosen: float) -> dict[str, float]:
    """What to point out on a curve over thresholds."""
    recommended = evaluation.get("thresholds", {}).get("recommended_score")
    metric = _METRICS.get(TaskType(evaluation["task_type"]), "F1")
    marks = {f"shown: {chosen:g}": chosen}
    return marks if recommended in (None, chosen) else marks | {f"best {metric}: {recommended:g}": recommended}
