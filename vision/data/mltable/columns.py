"""`convert_column_types`: cells of named columns into the type an MLTable wants."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from vision.data.mltable.table import InvalidStepError, Line, Step
from vision.data.report import Report

_AS_THEY_ARE = ("stream_info", "stream", "datetime")  # image_url is a file for us in any case
_TRUE, _FALSE = ["true", "yes", "1"], ["false", "no", "0"]
_encode = msgspec.json.Encoder().encode
Convert = Callable[[Any], Any]


def make_conversion(arguments: Any) -> Step | None:
    """The step of a list of `{columns, column_type}`; None where it changes nothing.

    Raises:
        InvalidStepError: not such a list, or an unknown type.
    """
    entries = [arguments] if isinstance(arguments, dict) else arguments
    if not isinstance(entries, list):
        raise InvalidStepError("`convert_column_types` takes a list of {columns: …, column_type: …}.")
    conversions: list[tuple[str, str, Convert]] = []
    for entry in entries:
        if not isinstance(entry, dict) or "columns" not in entry or "column_type" not in entry:
            raise InvalidStepError("Every entry of `convert_column_types` has columns and column_type.")
        kind, convert = _read_type(entry["column_type"])
        if convert is not None:
            conversions += [(column, kind, convert) for column in read_names(entry["columns"])]
    if not conversions:
        return None
    return lambda lines, report: _convert_lines(lines, conversions, report)


def read_names(value: Any) -> list[str]:
    """One column name or a list of them.

    Raises:
        InvalidStepError: anything else.
    """
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, (str, int)) for name in names):
        raise InvalidStepError(f"Columns are one name or a list of names, not {str(value)[:60]!r}.")
    return [str(name) for name in names]


def _read_type(value: Any) -> tuple[str, Convert | None]:
    """A type's name and what it does; `{boolean: {true_values: [...], false_values: [...]}}` has arguments."""
    kind, arguments = next(iter(value.items())) if isinstance(value, dict) and len(value) == 1 else (value, {})
    if kind in _AS_THEY_ARE:
        return str(kind), None
    if kind == "boolean":
        return "boolean", _make_boolean(arguments if isinstance(arguments, dict) else {})
    if kind not in _CONVERSIONS:
        known = ", ".join([*_CONVERSIONS, "boolean", *_AS_THEY_ARE])
        raise InvalidStepError(f"The column_type {str(value)[:60]!r} is unknown. Known are: {known}.")
    return str(kind), _CONVERSIONS[kind]


def _convert_lines(
    lines: Iterator[Line], conversions: list[tuple[str, str, Convert]], report: Report
) -> Iterator[Line]:
    for line in lines:
        try:
            for column, kind, convert in conversions:
                _convert_cell(line.row, column, kind, convert)
        except ValueError as error:
            report.error("wrong_column_type", str(error), file=line.file, line=line.number)
            continue
        yield line


def _convert_cell(row: dict[str, Any], column: str, kind: str, convert: Convert) -> None:
    value = row.get(column)
    try:
        if value is not None:
            row[column] = convert(value)
    except (ValueError, OverflowError):
        message = f"{column} is {str(value)[:60]!r}, which is no {kind}, as the MLTable wants it."
        raise ValueError(message) from None


def _to_int(value: Any) -> int:
    number = _to_float(value)
    if number != int(number):
        raise ValueError(value)
    return value if type(value) is int else int(number)


def _to_float(value: Any) -> float:
    if isinstance(value, str) and not re.fullmatch(r"\s*[-+]?[\d.]+([eE][-+]?\d+)?\s*", value[:400]):
        raise ValueError(value)
    if not isinstance(value, (str, int, float)) or not math.isfinite(number := float(value)):
        raise ValueError(value)
    return number


def _to_string(value: Any) -> str:
    return value if isinstance(value, str) else _encode(value).decode()


def _make_boolean(arguments: dict[str, Any]) -> Convert:
    true, false = ([str(one) for one in _list(arguments.get(key))] for key in ("true_values", "false_values"))
    otherwise = {"true": True, "false": False}.get(str(arguments.get("mismatch_as")).lower())

    def convert(value: Any) -> bool:
        text = _to_string(value)
        if text in (true or _TRUE) or (not true and text.lower() in _TRUE):
            return True
        if text in (false or _FALSE) or (not false and text.lower() in _FALSE):
            return False
        if otherwise is None:
            raise ValueError(value)
        return otherwise

    return convert


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


_CONVERSIONS: dict[str, Convert] = {"int": _to_int, "float": _to_float, "string": _to_string}
