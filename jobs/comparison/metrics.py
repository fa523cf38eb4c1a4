"""The metrics that several trials have, beside each other, with the best of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jobs.charts import MAIN_METRICS, RESOURCES, Series, direction_of, summary_rows, title_of
from jobs.models import Trial


@dataclass(frozen=True)
class MetricRow:
    """One metric with a value for each trial; `best` are the places of the best one, or of several that are equal."""

    name: str
    title: str
    direction: str
    unit: str
    values: list[float | None]
    best: list[int]

    @property
    def cells(self) -> list[dict[str, Any]]:
        return [{"value": value, "is_best": place in self.best} for place, value in enumerate(self.values)]


@dataclass(frozen=True)
class MetricGroup:
    """Metrics of one moment of the training; `moments` says which that was of each trial."""

    title: str
    moments: list[str]
    rows: list[MetricRow]


def metric_groups(
    trials: Sequence[Trial], series: Sequence[Series], primary_metric: str
) -> tuple[list[MetricGroup], list[MetricGroup]]:
    """At the best epoch and at the last one: what tells best how good a network is, the primary metric first; and
    apart the further metrics and what the run took. `series` is each trial's, in their order."""
    paired = list(zip(trials, series, strict=True))
    best = [_at(told, trial.best_epoch) | _measured(trial.summary) for trial, told in paired]
    last = [_at(told, trial.epochs) for trial, told in paired]
    took = [{name: value for name in RESOURCES if (value := trial.summary.get(name)) is not None} for trial in trials]
    whole = [
        MetricGroup("At the best epoch", [_epoch(trial.best_epoch) for trial in trials], _rows(best)),
        MetricGroup("At the last epoch", [_epoch(trial.epochs) for trial in trials], _rows(last)),
    ]
    main = [_keep(group, lambda name: name == primary_metric or name in MAIN_METRICS) for group in whole]
    for group in main:
        group.rows.sort(key=lambda row: row.name != primary_metric)
    further = [_keep(group, lambda name: name != primary_metric and name not in MAIN_METRICS) for group in whole]
    further.append(MetricGroup("What it took", [""] * len(trials), _resources(took)))
    return [group for group in main if group.rows], [group for group in further if group.rows]


def _keep(group: MetricGroup, is_wanted: Callable[[str], bool]) -> MetricGroup:
    return replace(group, rows=[row for row in group.rows if is_wanted(row.name)])


def best_places(values: Sequence[float | None], direction: str) -> list[int]:
    """Where the best of the values stand; nowhere if neither way is better, or if they are all the same."""
    known = [value for value in values if value is not None]
    if not direction or len(set(known)) < 2:
        return []
    best = min(known) if direction == "lower is better" else max(known)
    return [place for place, value in enumerate(values) if value == best]


def _rows(told: Sequence[Mapping[str, float]]) -> list[MetricRow]:
    shared = [name for name in _shared(told) if direction_of(name)]
    return [_row(name, title_of(name), direction_of(name), "", told) for name in shared]


def _resources(told: Sequence[Mapping[str, float]]) -> list[MetricRow]:
    """Unjudged: the trials may have run on different machines."""
    return [_row(name, RESOURCES[name][0], "", RESOURCES[name][1], told) for name in _shared(told)]


def _row(name: str, title: str, direction: str, unit: str, told: Sequence[Mapping[str, float]]) -> MetricRow:
    values = [one.get(name) for one in told]
    return MetricRow(name, title, direction, unit, values, best_places(values, direction))


def _shared(told: Sequence[Mapping[str, float]]) -> list[str]:
    """What all that told anything tell, where at least two do."""
    speaking = [one for one in told if one]
    if len(speaking) < 2:
        return []
    return [name for name in speaking[0] if all(name in one for one in speaking)]


def _at(series: Series, epoch: int | None) -> dict[str, float]:
    return {name: point["value"] for name, points in series.items() for point in points if point["epoch"] == epoch}


def _measured(summary: Mapping[str, Any]) -> dict[str, float]:
    """The metrics of a summary alone."""
    return {row["name"]: row["value"] for row in summary_rows(summary)}


def _epoch(number: int | None) -> str:
    return f"epoch {number}" if number else "–"
