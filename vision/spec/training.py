"""`training_parameters` and the subspaces of a search: spellings, ranges, and what fits the architecture."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from vision.catalog.task_types import TASK_TYPES
from vision.errors import Detail, InvalidDocumentError
from vision.spec.combinations import check_combination
from vision.spec.component_parameters import explain_elsewhere
from vision.spec.parameters import PARAMETERS, canonical_name, list_task_parameters, parse_value
from vision.spec.spreading import spread

__all__ = ["check_combination", "clean_parameters"]

_OPEN_WHERE_NONE = ("optimizer", "learning_rate_scheduler", "tile_grid_size", "checkpoint_run_id")
_OPEN_WHERE_MINUS_ONE = ("max_steps", "save_total_limit")


def clean_parameters(task_type: str, given: Mapping[str, Any], path: str) -> tuple[dict[str, Any], list[Detail]]:
    """The given values under their canonical names, read as their kinds, and what is wrong with the rest.

    A value of None (or Azure's `none` where that is no value of its own) means: not set. Nothing can be said of the
    parameters of a task type that does not exist.
    """
    if task_type not in TASK_TYPES:
        return dict(given), []
    values: dict[str, Any] = {}
    written, problems = _spread_out(task_type, given, path)
    spellings: dict[str, str] = {}
    for spelling, word, value in written:
        place = f"{path}.{spelling}"
        name = canonical_name(word)
        if name is None:
            message = _explain_unknown(task_type, spelling, value)
            problems += [Detail(message, code="unknown_parameter", path=place)] if message else []
        elif name in values:
            if word == spelling or not _is_same(name, value, values[name]):
                problems.append(Detail(f"{name} is given twice, under two spellings.", path=place))
        elif not _is_unset(name, value):
            try:
                values[name] = parse_value(PARAMETERS.get(name), value, place)
                spellings[name] = spelling
            except InvalidDocumentError as error:
                problems += error.details
    return values, problems + _place(check_combination(task_type, values, path), spellings, path)


def _spread_out(task_type: str, given: Mapping[str, Any], path: str) -> tuple[list[tuple[str, str, Any]], list[Detail]]:
    """Each spelling with the name and the value of a parameter that it sets, and what is wrong with the rest."""
    written: list[tuple[str, str, Any]] = []
    problems: list[Detail] = []
    for spelling, value in ((str(key), value) for key, value in given.items()):
        try:
            several = spread(task_type, spelling, value)
        except ValueError as error:
            problems.append(Detail(str(error), code="out_of_range", path=f"{path}.{spelling}"))
            continue
        written += [(spelling, *one) for one in ({spelling: value} if several is None else several).items()]
    return written, problems


def _is_same(name: str, value: Any, known: Any) -> bool:
    """Whether a second spelling says what the first has said: width and height of a square."""
    try:
        return bool(parse_value(PARAMETERS.get(name), value, "") == known)
    except InvalidDocumentError:
        return False


def _place(problems: list[Detail], spellings: Mapping[str, str], path: str) -> list[Detail]:
    """The problems at the spellings that the document has."""
    written = {f"{path}.{name}": f"{path}.{spelling}" for name, spelling in spellings.items()}
    return [
        Detail(problem.message, problem.code, written.get(problem.path or "", problem.path)) for problem in problems
    ]


def _is_unset(name: str, value: Any) -> bool:
    is_none_word = isinstance(value, str) and value.strip().lower() in ("none", "")
    is_minus_one = str(value).strip() == "-1" and name in _OPEN_WHERE_MINUS_ONE
    return value is None or is_minus_one or (is_none_word and name in _OPEN_WHERE_NONE)


def _explain_unknown(task_type: str, spelling: str, value: Any) -> str:
    elsewhere = explain_elsewhere(spelling, value, task_type)
    if elsewhere is not None:
        return elsewhere
    known = [entry.name for entry in list_task_parameters(task_type)]
    close = get_close_matches(spelling, known, n=1)
    return f"There is no parameter named {spelling}." + (f" Did you mean {close[0]}?" if close else "")
