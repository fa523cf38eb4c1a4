"""What addresses of evaluation and prediction pages say: which images, and from which score on predictions count."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from jobs import selectors, thresholds
from jobs.models import Trial
from vision.training.output_names import VALIDATION

_SPLIT_TITLES = {"validation": "Validation", "test": "Test"}


@dataclass(frozen=True)
class Chosen:
    """A trial's evaluation on one of its splits, looked at from one score threshold."""

    trial: Trial
    splits: list[str]
    split: str
    evaluation: dict[str, Any]
    score: float

    @property
    def is_own_score(self) -> bool:
        return self.score == thresholds.own_score(self.evaluation)

    @property
    def kept(self) -> dict[str, str]:
        """What every address of these pages carries on; nothing where it is as it is by itself."""
        split = {} if self.split == VALIDATION else {"split": self.split}
        return split | ({} if self.is_own_score else {"score": f"{self.score:g}"})

    @cached_property
    def evaluations(self) -> list[dict[str, Any]]:
        """That of every split, to stand side by side."""
        found = [
            self.evaluation if split == self.split else selectors.get_evaluation(self.trial, split)
            for split in self.splits
        ]
        return [one for one in found if one is not None]

    def predictions_link(self, **filters: str) -> str:
        """The Predictions tab with filters set."""
        return f"{self._tab('predictions')}?{urlencode(filters | self.kept)}"

    def score_link(self, score: float) -> str:
        """The Evaluation tab at another threshold."""
        split = {} if self.split == VALIDATION else {"split": self.split}
        return f"{self._tab('evaluation')}?{urlencode(split | {'score': f'{score:g}'})}"

    def context(self, tab: str) -> dict[str, Any]:
        """What the bar above both pages needs."""
        score = {} if self.is_own_score else {"score": f"{self.score:g}"}
        return {
            "split": self.split,
            "split_items": [
                {
                    "label": _SPLIT_TITLES[split],
                    "url": f"{self._tab(tab)}?{urlencode(score if split == VALIDATION else {'split': split} | score)}",
                    "current": split == self.split,
                }
                for split in self.splits
            ],
            "score": self.score,
            "is_own_score": self.is_own_score,
            "score_options": thresholds.score_options(self.evaluation, self.score),
        }

    def _tab(self, tab: str) -> str:
        return reverse("jobs:trial-tab", args=[self.trial.job.name, self.trial.number, tab])


def read_chosen(request: HttpRequest, trial: Trial) -> Chosen | None:
    """What the address asks for, as far as there is such a thing; None without any evaluation."""
    splits = selectors.list_splits(trial)
    wanted = request.GET.get("split", "")
    split = wanted if wanted in splits else VALIDATION
    evaluation = selectors.get_evaluation(trial, split)
    if evaluation is None:
        return None
    return Chosen(trial, splits, split, evaluation, thresholds.choose_score(evaluation, read_number(request, "score")))


def choose_own(trial: Trial) -> Chosen | None:
    """The validation images as the model answers by itself; None without an evaluation."""
    evaluation = selectors.get_evaluation(trial)
    if evaluation is None:
        return None
    return Chosen(trial, [VALIDATION], VALIDATION, evaluation, thresholds.choose_score(evaluation, None))


def read_number(request: HttpRequest, name: str) -> float | None:
    """A number of the address; None where it is none."""
    try:
        return float(request.GET.get(name, ""))
    except ValueError:
        return None
