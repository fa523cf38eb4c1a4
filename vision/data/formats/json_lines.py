"""Lines of JSON from a file of any size: one line in memory at a time, none over a limit."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NoReturn

import msgspec

from vision.data.limits import DEFAULT_LIMITS

TRAILING_COMMA = "A comma too many before a closing bracket was left out."
_BY_BYTES = {"utf-8", "utf-8-sig", "ascii"}  # lines end in one byte and JSON is read from bytes as they are
_BOM = b"\xef\xbb\xbf"
_decode = msgspec.json.Decoder().decode
# A string, a comma that follows no value (left as it is), or a comma that no value follows
_COMMAS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{,:]\s*+,|,(?=\s*[}\]])', re.DOTALL)


class InvalidLineError(ValueError):
    """A line that is no JSON object. `str()` says why."""


def iterate_lines(
    path: Path, encoding: str = "utf-8", max_bytes: int = DEFAULT_LIMITS.max_line_bytes
) -> Iterator[tuple[int, bytes | str | None]]:
    """The lines that say something, with their number from 1; None in place of one longer than `max_bytes`."""
    if encoding in _BY_BYTES:
        with path.open("rb") as file:
            for number, line in _read_lines(file, b"\n", max_bytes):
                if number == 1 and line is not None:
                    line = line.removeprefix(_BOM)
                if line is None or (line and not line.isspace()):
                    yield number, line
        return
    with path.open(encoding=encoding, errors="replace", newline="\n") as text:
        for number, words in _read_lines(text, "\n", max_bytes):
            if words is None or words.strip():
                yield number, words


def parse_line(line: bytes | str) -> tuple[dict[str, Any], str]:
    """A line as a mapping, and what was repaired to read it ("" as a rule).

    Raises:
        InvalidLineError: not UTF-8, not JSON, NaN or Infinity in it, nested too deep, or not an object.
    """
    try:
        value = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _parse_slowly(line)
    if type(value) is not dict:
        _refuse_value(value)
    return value, ""


def _parse_slowly(line: bytes | str) -> tuple[dict[str, Any], str]:
    """What the quick decoder refused: repaired where that is certain, else refused with the place of the mistake."""
    repair = ""
    try:
        text = line if isinstance(line, str) else line.decode()
        try:
            value = _load(text)
        except json.JSONDecodeError as error:
            value = _load_without_commas(text, error)
            repair = TRAILING_COMMA
    except UnicodeDecodeError as error:
        raise InvalidLineError(f"The line is not UTF-8 (byte {error.start + 1}).") from None
    except json.JSONDecodeError as error:
        what = error.msg.removesuffix(" at")
        raise InvalidLineError(f"The line is not JSON: {what} at column {error.colno}.") from None
    except RecursionError:
        raise InvalidLineError("The line is nested too deep.") from None
    except ValueError as error:
        raise InvalidLineError(f"The line is not JSON: {error}.") from None
    if not isinstance(value, dict):
        _refuse_value(value)
    return value, repair


def _load(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse_constant, parse_float=_read_float)


def _load_without_commas(text: str, error: json.JSONDecodeError) -> Any:
    try:
        return _load(_COMMAS.sub(_drop_comma, text))
    except json.JSONDecodeError:
        raise error from None  # its column is one of the line as it was uploaded


def _drop_comma(match: re.Match[str]) -> str:
    return "" if match[0] == "," else match[0]


def _refuse_value(value: Any) -> NoReturn:
    raise InvalidLineError(f"The line is {type(value).__name__}, not an object with image_url and label.")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number JSON allows")


def _read_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is too large")
    return value


def _read_lines(file: IO[Any], end: Any, limit: int) -> Iterator[tuple[int, Any]]:
    number = 0
    while line := file.readline(limit + 1):
        number += 1
        if len(line) <= limit:
            yield number, line
            continue
        yield number, None
        while line and not line.endswith(end):
            line = file.readline(limit)
