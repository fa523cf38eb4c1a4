"""Lines of JSON from a file of any size: one line in memory at a time, none over a limit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NoReturn

from vision.data.limits import DEFAULT_LIMITS

_BY_BYTES = {"utf-8", "utf-8-sig", "ascii"}  # lines end in one byte and JSON is read from bytes as they are
_BOM = b"\xef\xbb\xbf"


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
                if line is None or line.strip():
                    yield number, line
        return
    with path.open(encoding=encoding, errors="replace", newline="\n") as text:
        for number, words in _read_lines(text, "\n", max_bytes):
            if words is None or words.strip():
                yield number, words


def parse_line(line: bytes | str) -> dict[str, Any]:
    """A line as a mapping.

    Raises:
        InvalidLineError: not UTF-8, not JSON, NaN or Infinity in it, nested too deep, or not an object.
    """
    try:
        value = json.loads(line, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise InvalidLineError(f"The line is not UTF-8 (byte {error.start + 1}).") from None
    except json.JSONDecodeError as error:
        raise InvalidLineError(f"The line is not JSON: {error.msg} at column {error.colno}.") from None
    except RecursionError:
        raise InvalidLineError("The line is nested too deep.") from None
    except ValueError as error:
        raise InvalidLineError(f"The line is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise InvalidLineError(f"The line is {type(value).__name__}, not an object with image_url and label.")
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


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number JSON allows")
