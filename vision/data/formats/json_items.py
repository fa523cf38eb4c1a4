"""The items of a JSON list of any size: one item in memory at a time, none over a limit, each with its line."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NoReturn

from vision.data.limits import DEFAULT_LIMITS

_CHUNK = 1 << 18
_SPACE = re.compile(r"[ \t\r\n]*")
_NEAR = 16  # characters before the end of the window in which a mistake may be one of its cut: "tru", "-", "\\u00"


class InvalidItemsError(ValueError):
    """A list that cannot be read on. `str()` says why, `line` where; what came before is good."""

    def __init__(self, message: str, line: int, code: str = "invalid_json") -> None:
        super().__init__(message)
        self.line = line
        self.code = code


def iterate_items(path: Path, max_bytes: int = DEFAULT_LIMITS.max_line_bytes) -> Iterator[tuple[int, str, Any]]:
    """(line from 1, text, value) of every item; a document that is one object is its only item.

    Raises:
        InvalidItemsError: not UTF-8, not JSON, NaN or Infinity in it, nested too deep, an item over `max_bytes`.
    """
    with path.open("rb") as file:
        yield from _Items(file, max_bytes).read()


class _Items:
    """A window of text over the file; `line` is that of its beginning."""

    def __init__(self, file: IO[bytes], max_bytes: int) -> None:
        self._file = file
        self._max = max_bytes
        self._decode_bytes = codecs.getincrementaldecoder("utf-8-sig")()
        self._decode = json.JSONDecoder(parse_constant=_refuse_constant).raw_decode
        self._text = ""
        self._at = 0
        self._line = 1
        self._is_over = False

    def read(self) -> Iterator[tuple[int, str, Any]]:
        if self._peek() == "{":
            yield self._read_item()
            self._end()
            return
        self._take("[", "The file is neither a list nor an object.")
        if self._peek() == "]":
            self._at += 1
        else:
            yield self._read_item()
            while self._peek() == ",":
                self._at += 1
                yield self._read_item()
            self._take("]", "A comma or the end of the list is missing.")
        self._end()

    def _peek(self) -> str:
        """The next character that says something; "" at the end."""
        while True:
            self._skip(_SPACE.match(self._text, self._at).end())  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill(_CHUNK):
                return ""

    def _take(self, character: str, message: str) -> None:
        if self._peek() != character:
            raise InvalidItemsError(message, self._line)
        self._at += 1

    def _end(self) -> None:
        if self._peek():
            raise InvalidItemsError("There is something after the end of the document.", self._line)

    def _read_item(self) -> tuple[int, str, Any]:
        self._peek()
        wanted = _CHUNK
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._is_cut(error):
                    raise self._explain(error) from None
                if len(self._text) - self._at > self._max:
                    raise self._too_large() from None
                self._fill(wanted)
                wanted *= 2
            except RecursionError:
                raise InvalidItemsError("The file is nested too deep.", self._line) from None
            except ValueError as error:
                raise InvalidItemsError(f"The file is not JSON: {error}.", self._line) from None
            else:
                return self._take_item(value, end)

    def _take_item(self, value: Any, end: int) -> tuple[int, str, Any]:
        line, text = self._line, self._text[self._at : end]
        if len(text) > self._max:
            raise self._too_large()
        self._skip(end)
        return line, text, value

    def _is_cut(self, error: json.JSONDecodeError) -> bool:
        """Whether the mistake may be that the window ends there."""
        is_near = error.pos >= len(self._text) - _NEAR or error.msg.startswith("Unterminated string")
        return is_near and not self._is_over

    def _skip(self, end: int) -> None:
        self._line += self._text.count("\n", self._at, end)
        self._at = end

    def _fill(self, size: int) -> bool:
        """Read on; False at the end of the file."""
        data = self._file.read(size)
        self._is_over = not data
        try:
            more = self._decode_bytes.decode(data, final=not data)
        except UnicodeDecodeError:
            raise InvalidItemsError("The file is not UTF-8 text.", self._line) from None
        self._text = self._text[self._at :] + more
        self._at = 0
        return bool(data)

    def _explain(self, error: json.JSONDecodeError) -> InvalidItemsError:
        line = self._line + self._text.count("\n", self._at, error.pos)
        column = error.pos - self._text.rfind("\n", 0, error.pos)
        return InvalidItemsError(f"The file is not JSON: {error.msg.removesuffix(' at')} at column {column}.", line)

    def _too_large(self) -> InvalidItemsError:
        message = f"One entry of the file is over {self._max:,} bytes; the file was read up to there."
        return InvalidItemsError(message, self._line, "line_too_long")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number JSON allows")
