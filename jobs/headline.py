"""The few numbers that stand above an evaluation, of validation and of test beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.charts import direction_of, title_of

Evaluation = Mapping[str, Any]
_NAMED = ("iou", "accuracy", "f1_score_macro", "AUC_macro", "log_loss")


@dataclass(frozen=True)
class Figure:
    """One number of one split, with its interval where there is one."""

    split: str
    images: int
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Headline:
    """One number with its direction, of each split it is known of."""

    title: str
    direction: str
    about: str
    figures: list[Figure]


def named_headlines(evaluations: Sequence[Evaluation], about: str = "") -> list[Headline]:
    """Of models that name whole images, as they answer by themselves."""
    has_many = any("iou" in one["metrics"] for one in evaluations)
    titles = {"accuracy": "All labels right"} if has_many else {}
    return [
        _describe(titles.get(name) or title_of(name), about, name, evaluations, _metric(name))
        for name in _NAMED
        if any(one["metrics"].get(name) is not None for one in evaluations)
    ]


def object_headlines(evaluations: Sequence[Evaluation], score: float) -> list[Headline]:
    """Of models that find objects; precision and recall of finds with a score of at least `score`."""
    iou, at_score = evaluations[0]["thresholds"]["iou"], f"score of at least {score:g}"
    rows = [
        _describe("Mean average precision", f"IoU {iou:g}", "mean_average_precision", evaluations, _metric(_MAP)),
        _describe("Precision", at_score, "precision", evaluations, _at_score("precision", score)),
        _describe("Recall", at_score, "recall", evaluations, _at_score("recall", score)),
        _describe("AP, COCO", "mean of IoU 0.50 to 0.95", "AP", evaluations, lambda one: one["coco"].get("AP")),
    ]
    return [row for row in rows if row.figures]


def primary_figure(evaluation: Evaluation, name: str) -> Figure | None:
    """One metric of one split; None where it is undefined."""
    figures = _describe("", "", name, [evaluation], _metric(name)).figures
    return figures[0] if figures else None


_MAP = "mean_average_precision"
Read = Callable[[Evaluation], float | None]


def _metric(name: str) -> Read:
    return lambda evaluation: evaluation["metrics"].get(name)


def _at_score(name: str, score: float) -> Read:
    def read(evaluation: Evaluation) -> float | None:
        points = evaluation.get("operating_points") or []
        nearest = min(points, key=lambda point: abs(point["score"] - score), default=None)
        return None if nearest is None else nearest[name]

    return read


def _describe(title: str, about: str, name: str, evaluations: Sequence[Evaluation], read: Read) -> Headline:
    figures = []
    for one in evaluations:
        value, interval = read(one), one.get("confidence") or {}
        low, high = (interval["low"], interval["high"]) if interval.get("metric") == name else (None, None)
        if value is not None:
            figures.append(Figure(one["split"], one["images"], value, low, high))
    return Headline(title, direction_of(name), about, figures)
