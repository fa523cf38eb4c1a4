"""`extract_columns_from_partition_format`: columns out of a path, as in `/{Department}/{Day:yyyy/MM/dd}/x.jsonl`.

A format reaches to the end of the path, or to its last folder. It is matched from the right: what a column holds ends
where the text before it in the format last stands, and never reaches over a `/`.
"""

from __future__ import annotations

import re
from datetime import datetime

from vision.data.mltable.table import InvalidStepError

_DATES = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "hh": "%H", "mm": "%M", "ss": "%S"}
_PART = re.compile(r"\{([^{}:]+)(?::([^{}]*))?\}|([^{}]+)")


class PartitionFormat:
    """One format, ready to read paths.

    Raises:
        InvalidStepError: no column in it, two columns without text between them, a date that is none.
    """

    def __init__(self, text: str) -> None:
        self._parts = [_read_part(match) for match in _PART.finditer(text)]
        columns = [part[0] for part in self._parts if part[0]]
        is_whole = sum(len(match[0]) for match in _PART.finditer(text)) == len(text)
        if not columns or not is_whole or len(set(columns)) < len(columns):
            raise InvalidStepError(f"The partition format {text!r} is not text with columns such as {{name}} in it.")
        for (left, *_), (right, *_) in zip(self._parts, self._parts[1:], strict=False):
            if left and right:
                raise InvalidStepError(f"The partition format {text!r} has nothing between {left} and {right}.")

    def read(self, file: str) -> dict[str, str] | None:
        """The columns of a file's path, dates as ISO text; None where the path does not fit."""
        path = f"/{file}"
        found = self._match(path)
        return self._match(path.rsplit("/", 1)[0]) if found is None else found

    def _match(self, rest: str) -> dict[str, str] | None:
        values: dict[str, str] = {}
        for number in range(len(self._parts) - 1, -1, -1):
            column, date, literal = self._parts[number]
            if not column:
                if not rest.endswith(literal):
                    return None
                rest = rest[: len(rest) - len(literal)]
                continue
            before = self._parts[number - 1][2] if number else "/"
            value = rest[-len(_example(date)) :] if date else rest[rest.rfind(before) + len(before) :]
            text = _read_date(value, date) if date else value
            if not text or (not date and "/" in text):
                return None
            values[column] = text
            rest = rest[: len(rest) - len(value)]
        return values


def _read_part(match: re.Match[str]) -> tuple[str, str, str]:
    """(column, date format for `strptime`, literal text): either the first or the last is ""."""
    column, date, literal = match.groups()
    if literal is not None:
        return "", "", literal
    if not date:
        return column.strip(), "", ""
    pattern = re.sub("|".join(_DATES), lambda found: _DATES[found[0]], date.replace("%", "%%"))
    if "%Y" not in pattern:
        raise InvalidStepError(f"The partition date {date!r} is not made of yyyy, MM, dd, HH, mm and ss.")
    return column.strip(), pattern, ""


def _example(date: str) -> str:
    return datetime(2000, 1, 1).strftime(date)


def _read_date(value: str, date: str) -> str:
    try:
        return datetime.strptime(value, date).isoformat()
    except ValueError:
        return ""
