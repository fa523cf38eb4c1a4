"""What `…/predictions` can be asked for over REST."""

from __future__ import annotations

from typing import Literal

from ninja import Schema

from jobs import selectors
from jobs.models import Trial
from jobs.predictions import NameFilter, ObjectFilter, PredictionPage, named_rows, object_rows
from jobs.thresholds import choose_score, own_score
from vision.catalog.task_types import OBJECT_TASKS
from vision.errors import NotFoundError

Split = Literal["validation", "test"]


class PredictionQuery(Schema):
    """`score` is rounded to the nearest threshold that the evaluation tells of; by default it is the model's own."""

    split: Split = "validation"
    score: float | None = None
    truth: str | None = None
    predicted: str | None = None
    missed: str | None = None
    false: str | None = None
    label: str = ""
    error: str = ""
    found: str = ""
    lost: str = ""
    size: Literal["", "small", "medium", "large"] = ""
    outcome: Literal["", "found", "overlooked", "alarm", "clear"] = ""
    only_errors: bool = False
    order: str = "worst"
    cursor: str | None = None
    limit: int = 24


def list_predictions(trial: Trial, asked: PredictionQuery) -> PredictionPage:
    """A page of predictions.

    Raises:
        ConflictError: the trial has no outputs yet.
        NotFoundError: there are none of that split; an order or a cursor that is none of ours.
    """
    if trial.outputs_key and asked.split not in selectors.list_splits(trial):
        raise NotFoundError(f"Trial {trial.name} has no predictions of the {asked.split} images.")
    evaluation = selectors.get_evaluation(trial, asked.split) or {}
    if trial.job.task_type not in OBJECT_TASKS:
        named = NameFilter(asked.truth, asked.predicted, asked.missed, asked.false, only_errors=asked.only_errors)
        score = None if asked.score is None else choose_score(evaluation, asked.score)
        names = evaluation.get("label_names", [])
        return named_rows(trial, named, split=asked.split, score=score, names=names).page(
            asked.order, asked.cursor, asked.limit
        )
    has_cell = asked.truth is not None or asked.predicted is not None
    objects = ObjectFilter(
        label=asked.label,
        error=asked.error,
        found=asked.found,
        lost=asked.lost,
        false=asked.false or "",
        size=asked.size,
        outcome=asked.outcome,
        cell=(asked.truth or None, asked.predicted or None) if has_cell else None,
        only_errors=asked.only_errors,
    )
    score = choose_score(evaluation, asked.score) if evaluation else own_score(evaluation)
    return object_rows(trial, objects, score=score, split=asked.split).page(asked.order, asked.cursor, asked.limit)
