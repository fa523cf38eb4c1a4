"""Filters of predictions that name whole images, with one label each or with any number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.models import Trial
from jobs.predictions.rows import Rows
from vision.catalog.task_types import TaskType
from vision.training.output_names import VALIDATION

# What each filter asks of a row, by what the task type's columns hold: one name, or a list of them
_ONE_NAME = {
    "truth": "truth = $truth",
    "predicted": "predicted = $predicted",
    "missed": "truth = $missed AND predicted IS DISTINCT FROM truth",
    "false": "predicted = $false AND truth <> predicted",
    "wrong": "truth <> predicted",
    "unanswered": "predicted IS NULL",
}
_MANY_NAMES = {
    "truth": "list_contains(truth, $truth)",
    "predicted": "list_contains(predicted, $predicted)",
    "missed": "list_contains(missed_labels, $missed)",
    "false": "list_contains(false_labels, $false)",
    "wrong": "NOT is_right",
    "unanswered": "len(predicted) = 0",
}
_GIVEN = "list_filter($names, lambda name, place: probabilities[place] >= $score)"
_MISSED = f"list_filter(truth, lambda name: NOT list_contains({_GIVEN}, name))"
_FALSE = f"list_filter({_GIVEN}, lambda name: NOT list_contains(truth, name))"
_AT_SCORE = {
    TaskType.CLASSIFICATION: {"predicted": "CASE WHEN probability >= $score THEN predicted END"},
    TaskType.MULTILABEL: {
        "predicted": _GIVEN,
        "missed_labels": _MISSED,
        "false_labels": _FALSE,
        "is_right": f"len({_MISSED}) = 0 AND len({_FALSE}) = 0",
    },
}


@dataclass(frozen=True)
class NameFilter:
    """Label names, all of which apply where given.

    `truth`: is there; `predicted`: was given; `missed`: is there and was not given; `false`: was given and is not
    there. `unanswered`: nothing was given.
    """

    truth: str | None = None
    predicted: str | None = None
    missed: str | None = None
    false: str | None = None
    unanswered: bool = False
    only_errors: bool = False


def named_rows(
    trial: Trial,
    chosen: NameFilter | None = None,
    *,
    split: str = VALIDATION,
    score: float | None = None,
    names: Sequence[str] = (),
) -> Rows:
    """Multi-class images have one name in `truth` and `predicted`, multi-label ones a list.

    `score` is the probability from which on a label is given, the model's own where it is None; `names` the labels in
    the order of the probabilities, which a score needs.
    """
    task_type, chosen = TaskType(trial.job.task_type), chosen or NameFilter()
    has_many = task_type == TaskType.MULTILABEL
    words = _MANY_NAMES if has_many else _ONE_NAME
    asked = {name: getattr(chosen, name) for name in ("truth", "predicted", "missed", "false")}
    given = {name: value for name, value in asked.items() if value}
    switches = {"wrong": chosen.only_errors, "unanswered": chosen.unanswered}
    conditions = [words[name] for name in (*given, *(name for name, is_on in switches.items() if is_on))]
    bound = {} if score is None else {"score": score} | ({"names": list(names)} if has_many else {})
    columns = {} if score is None else _AT_SCORE[task_type]
    return Rows(trial, split, columns, bound, tuple(conditions), given)
