"""From the few values a user sets to every value a trial trains with, each with where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vision.catalog.task_types import TASK_TYPES
from vision.errors import Detail, InvalidDocumentError
from vision.spec.estimate import estimate_seconds as _estimate
from vision.spec.facts import DataFacts, GpuFacts, Machine, StartFacts
from vision.spec.model_names import trained_as
from vision.spec.parameters import documented_default, list_parameters
from vision.spec.rules import RULES
from vision.spec.situation import Situation
from vision.spec.training import clean_parameters
from vision.spec.validation import invalid

__all__ = [
    "DataFacts",
    "GpuFacts",
    "Machine",
    "Resolution",
    "ResolvedValue",
    "StartFacts",
    "estimate_seconds",
    "resolve_parameters",
]

Source = Literal["set", "default", "rule"]
_REASONS = {"set": "Set in the job.", "default": "The documented default."}


@dataclass(frozen=True)
class ResolvedValue:
    """One parameter's value and where it comes from, in words."""

    name: str
    value: Any
    source: Source
    reason: str


@dataclass(frozen=True)
class Resolution:
    """Every parameter of the architecture, `model_name` first."""

    task_type: str
    rows: tuple[ResolvedValue, ...]

    @property
    def values(self) -> dict[str, Any]:
        return {row.name: row.value for row in self.rows}


def resolve_parameters(
    task_type: str, given: Mapping[str, Any], data: DataFacts, machine: Machine, start: StartFacts | None = None
) -> Resolution:
    """Settle every parameter: a set value is obeyed, an open one is the documented default unless a rule speaks, or
    what the run had that training starts from (`start`).

    Raises:
        InvalidDocumentError: a set value is wrong, or does not fit the architecture that was settled on.
    """
    if task_type not in TASK_TYPES:
        known = ", ".join(TASK_TYPES.names())
        message = f"{task_type} cannot be trained; {known} can."
        raise invalid("The job document", [Detail(message, code="unsupported", path="task")])
    values, problems = clean_parameters(task_type, given, "training_parameters")
    if problems:
        raise invalid("The training parameters", problems)
    rows = _settle(task_type, values, data, machine, start)
    resolution = Resolution(task_type, tuple(rows))
    _recheck(task_type, resolution, values)
    return resolution


def estimate_seconds(resolution: Resolution, data: DataFacts, machine: Machine) -> float:
    """About how long the trial will take on this machine, from its start to its outputs, in seconds."""
    return _estimate(resolution.task_type, resolution.values, data, machine)


def _settle(
    task_type: str, given: Mapping[str, Any], data: DataFacts, machine: Machine, start: StartFacts | None
) -> list[ResolvedValue]:
    if given.get("max_steps"):
        given = {name: value for name, value in given.items() if name != "number_of_epochs"}
    followed = _follow_start(given, start) if start else {}
    changes = dict(followed)
    values = {**given, **{name: value for name, (value, _) in followed.items()}}
    if "model_name" in given:
        values["model_name"], substituted = trained_as(given["model_name"])
        if substituted:
            changes["model_name"] = values["model_name"], substituted
    for rule in RULES:
        # `auto` leaves the choice to the rule, as leaving the parameter out does
        if rule.name not in changes and given.get(rule.name, "auto") == "auto":
            change = rule.decide(Situation(task_type, _with_defaults(task_type, values), data, machine))
            if change is not None:
                changes[rule.name] = change
                values[rule.name] = change[0]
    values = _with_defaults(task_type, values)
    rows = []
    for entry in list_parameters(task_type, values["model_name"]):
        default = documented_default(entry.name, values["model_name"], task_type)
        # What is as documented is no news, wherever it comes from
        told = changes if entry.name not in followed or values[entry.name] != default else {}
        rows.append(_row(entry.name, values[entry.name], given, told))
    return rows


def _follow_start(given: Mapping[str, Any], start: StartFacts) -> dict[str, tuple[Any, str]]:
    """What is taken over of the run to start from, and why."""
    length = ("max_steps", "number_of_epochs")
    is_measured = any(given.get(name) for name in length)
    changes = {
        name: (value, f"As in {start.name}, which training starts from.")
        for name, value in start.taken.items()
        if given.get(name) is None and not (is_measured and name in length)
    }
    if given.get("checkpoint_run_id") != start.name:
        changes["checkpoint_run_id"] = start.name, f"The best trial of {given.get('checkpoint_run_id')}."
    return changes


def _with_defaults(task_type: str, values: Mapping[str, Any]) -> dict[str, Any]:
    architecture = values.get("model_name") or documented_default("model_name", "", task_type)
    defaults = {
        entry.name: documented_default(entry.name, architecture, task_type)
        for entry in list_parameters(task_type, architecture)
    }
    return {**defaults, **values, "model_name": architecture}


def _row(name: str, value: Any, given: Mapping[str, Any], changes: Mapping[str, tuple[Any, str]]) -> ResolvedValue:
    if name in changes:
        return ResolvedValue(name, value, "rule", changes[name][1])
    source: Source = "set" if name in given else "default"
    return ResolvedValue(name, value, source, _REASONS[source])


def _recheck(task_type: str, resolution: Resolution, given: Mapping[str, Any]) -> None:
    """The set values again, now beside the architecture that was settled on where none was set."""
    if "model_name" in given:
        return
    architecture = resolution.values["model_name"]
    _, problems = clean_parameters(task_type, {**given, "model_name": architecture}, "training_parameters")
    if problems:
        error = invalid("The training parameters", problems)
        raise InvalidDocumentError(
            error.message, f"Set model_name to choose a network other than {architecture}.", details=problems
        )
