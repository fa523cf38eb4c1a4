"""Which trial is best, and which are no worse as far as the validation images can tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jobs.models import Trial


@dataclass(frozen=True)
class Standing:
    """A trial in its place, from 1; None for one without a finished model."""

    trial: Trial
    place: int | None
    is_best: bool
    is_tie: bool


def is_within_noise(trial: Trial, best: Trial | None) -> bool:
    """Whether a trial is no worse than the best as far as its validation images can tell: its primary metric lies
    inside the best one's own interval, so with other images of the same kind it could well have come out on top."""
    if best is None or best.pk == trial.pk or not trial.outputs_key or trial.primary_metric is None:
        return False
    bounds = best.interval
    return bounds is not None and trial.primary_metric >= bounds[0]


def rank_trials(trials: Iterable[Trial], best: Trial | None) -> list[Standing]:
    """Those with a model by their primary metric, the best first; then the others by number."""
    known = list(trials)
    ready = [trial for trial in known if trial.outputs_key and trial.primary_metric is not None]
    ready.sort(key=lambda trial: (-(trial.primary_metric or 0.0), trial.number))
    others = [trial for trial in known if trial not in ready]
    places: list[tuple[Trial, int | None]] = [(trial, place) for place, trial in enumerate(ready, start=1)]
    return [
        Standing(trial, place, best is not None and trial.pk == best.pk, is_within_noise(trial, best))
        for trial, place in [*places, *((trial, None) for trial in others)]
    ]
