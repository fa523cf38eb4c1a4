"""Which hyperparameters of several trials differ, and which are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vision.spec.parameters import PARAMETERS

_NONE = object()  # the architecture does not obey the parameter


@dataclass(frozen=True)
class Setting:
    """One hyperparameter with its value for each trial as text, None for a trial whose architecture has none."""

    name: str
    title: str
    texts: list[str | None]


def compare_parameters(params: Sequence[Mapping[str, Any]]) -> tuple[list[Setting], list[Setting]]:
    """The hyperparameters that differ and those that are the same everywhere, in the order of the parameter table."""
    given = {name for one in params for name in one}
    known = [entry.name for entry in PARAMETERS if entry.name in given]
    differing: list[Setting] = []
    same: list[Setting] = []
    for name in [*known, *sorted(given.difference(known))]:
        values = [one.get(name, _NONE) for one in params]
        setting = Setting(name, PARAMETERS.get(name).title if name in known else name, _as_texts(values))
        (same if all(value == values[0] for value in values) else differing).append(setting)
    return differing, same


def _as_texts(values: Sequence[Any]) -> list[str | None]:
    """Numbers in few digits, unless they would then look alike."""
    short = [_as_text(value, digits=4) for value in values]
    return short if len(set(short)) == len(set(map(repr, values))) else [_as_text(value, digits=17) for value in values]


def _as_text(value: Any, digits: int) -> str | None:
    if value is _NONE:
        return None
    if value is None:
        return "off"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)
