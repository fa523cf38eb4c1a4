"""The parts of a JSON document of any size: the elements of its top-level lists, one at a time.

The document is cut at its brackets and each element decoded by itself, so a wrong number costs one element, not the
file, and nobody has to hold what lies between.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
_CHUNK = 1 << 20
# A string, closed or cut off by the end of what was read, or a bracket
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*("|\\?\Z)|[\[\]{}]', re.DOTALL)
_IN_LIST = 2  # depth of what a top-level list holds


class InvalidJsonError(ValueError):
    """A document or an element of one that is not JSON. `str()` says why."""


@dataclass(frozen=True, slots=True)
class Item:
    """An element of the list `key`: its place in the file and its bytes, None where it is over the limit.

    A list announces itself by an item without bytes (`b""`).
    """

    key: str
    start: int
    data: bytes | None


def iterate_items(path: Path, max_bytes: int, most: int | None = None) -> Iterator[Item]:
    """The objects and lists in the top-level lists of a JSON object, in the order of the file.

    An element is at most `max_bytes` long. With `most` only about so many bytes of the file are looked at.

    Raises:
        InvalidJsonError: not a JSON object, or cut off; after the items before that place.
    """
    return _Cutting(path, max_bytes, most).items()


def decode_item(data: bytes, kind: type[T]) -> T:
    """An element as `kind`.

    Raises:
        InvalidJsonError: not JSON (NaN is none), not UTF-8, nested too deep, or of another shape.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidJsonError(str(error)[:200] or "nested too deep") from None


def decode_any(data: bytes) -> dict[str, Any]:
    """An element as a mapping.

    Raises:
        InvalidJsonError: as `decode_item`.
    """
    return decode_item(data, dict[str, Any])


class _Cutting:
    """One file being cut. `_buffer` holds it from `_offset` on; up to `_position` it was looked through."""

    def __init__(self, path: Path, max_bytes: int, most: int | None) -> None:
        self._path = path
        self._max = max_bytes
        self._most = most
        self._buffer = b""
        self._offset = 0
        self._position = 0
        self._depth = 0
        self._text = b""  # the last string at the top: the key, where a list follows
        self._key: str | None = None  # of the list we are in
        self._start: int | None = None  # of the element we are in
        self._is_too_large = False

    def items(self) -> Iterator[Item]:
        with self._path.open("rb") as file:
            self._begin(file.read(_CHUNK))
            while True:
                yield from self._cut()
                if self._depth == 0 or (self._most is not None and self._offset + len(self._buffer) >= self._most):
                    return
                chunk = file.read(_CHUNK)
                if not chunk:
                    raise InvalidJsonError("The file ends in the middle: it was not written or copied to its end.")
                self._extend(chunk)

    def _begin(self, chunk: bytes) -> None:
        text = chunk.removeprefix(codecs.BOM_UTF8).lstrip()
        if not text.startswith(b"{"):
            raise InvalidJsonError(f"The file is no JSON object: it {'does not begin with {' if text else 'is empty'}.")
        self._buffer = chunk

    def _extend(self, chunk: bytes) -> None:
        """Keep what is not yet handed out, add `chunk`."""
        keep = self._position
        if self._start is not None and not self._is_too_large:
            self._is_too_large = self._offset + len(self._buffer) - self._start > self._max
            keep = keep if self._is_too_large else self._start - self._offset
        if len(self._buffer) - self._position > self._max:
            raise InvalidJsonError(f"A text of over {self._max:,} bytes begins at byte {self._offset + keep:,}.")
        self._buffer = self._buffer[keep:] + chunk
        self._offset += keep
        self._position -= keep

    def _cut(self) -> Iterator[Item]:
        for match in _TOKEN.finditer(self._buffer, self._position):
            if match[1] is None:
                item = self._open(match.start()) if match[0] in b"[{" else self._close(match.end())
                if item is not None:
                    yield item
                if self._depth == 0:
                    return
            elif match[1] != b'"':  # goes on in the next chunk
                self._position = match.start()
                return
            elif self._depth == 1:
                self._text = match[0]
        self._position = len(self._buffer)

    def _open(self, place: int) -> Item | None:
        self._depth += 1
        if self._depth == _IN_LIST and self._buffer[place] == ord("["):
            self._key = _read_key(self._text)
            return Item(self._key, self._offset + place, b"")
        if self._depth == _IN_LIST + 1 and self._key is not None:
            self._start = self._offset + place
        return None

    def _close(self, place: int) -> Item | None:
        self._depth -= 1
        if self._depth < _IN_LIST:
            self._key = None
        if self._depth != _IN_LIST or self._start is None or self._key is None:
            return None
        start, self._start = self._start, None
        is_too_large, self._is_too_large = self._is_too_large, False
        if is_too_large or self._offset + place - start > self._max:
            return Item(self._key, start, None)
        return Item(self._key, start, self._buffer[start - self._offset : place])


def _read_key(text: bytes) -> str:
    try:
        return decode_item(text, str)
    except InvalidJsonError:
        return ""
