"""The images of a CVAT XML of any size, one in memory at a time, each with its line and its text."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

_CHUNK = 1 << 16
_MAX_DEPTH = 50
_END = b"</image>"


class InvalidXmlError(ValueError):
    """A file that cannot be read on. `str()` says why, `line` where; what came before is good."""

    def __init__(self, message: str, line: int, code: str = "invalid_xml") -> None:
        super().__init__(message)
        self.line = line
        self.code = code


@dataclass(slots=True)
class Shape:
    """One `<box>`, `<polygon>`, `<mask>`, `<tag>`, …; `notes` are its `<attribute>` elements."""

    tag: str
    line: int
    values: dict[str, str]
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class ImageElement:
    """One `<image>`. `is_too_large` where its text is over the limit: its shapes were left out."""

    line: int
    values: dict[str, str]
    shapes: list[Shape] = field(default_factory=list)
    text: str = ""
    size: int = 0
    is_too_large: bool = False


def iterate_images(path: Path, max_bytes: int) -> Iterator[ImageElement | str]:
    """Every `<image>`; for a `<track>`, which belongs to videos, its tag alone.

    Raises:
        InvalidXmlError: not well-formed, with entities, nested too deep, another root, an attribute over `max_bytes`.
    """
    with path.open("rb") as file, path.open("rb") as again:
        reading = _Reading(max_bytes)
        while chunk := file.read(_CHUNK):
            reading.feed(chunk)
            for image, start, end in reading.take():
                if isinstance(image, ImageElement):
                    again.seek(start)
                    size = min(max(0, end - start), max_bytes)
                    image.text = (again.read(size) + _END).decode("utf-8", "replace") if size else _rebuild(image)
                yield image
        reading.close()


class _Reading:
    """The parser and what it has found so far."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._target = _Target(max_bytes)
        self._parser = DefusedXMLParser(target=self._target, forbid_dtd=False)
        self._target.parser = self._parser.parser
        self._since = 0
        self._events = 0

    def feed(self, chunk: bytes) -> None:
        self._guard(lambda: self._parser.feed(chunk))
        self._since = 0 if self._events != self._target.events else self._since + len(chunk)
        self._events = self._target.events
        if self._since > self._max:
            raise InvalidXmlError(f"One element has over {self._max:,} bytes.", self._target.line, "line_too_long")

    def take(self) -> Iterator[tuple[ImageElement | str, int, int]]:
        while self._target.found:
            yield self._target.found.popleft()

    def close(self) -> None:
        self._guard(self._parser.close)

    def _guard(self, work: Any) -> None:
        try:
            work()
        except DefusedXmlException:
            message = "The XML declares entities or points outside itself; annotations need neither."
            raise InvalidXmlError(message, self._target.line) from None
        except ParseError as error:
            line, column = error.position
            what = str(error.msg).partition(": line ")[0]
            raise InvalidXmlError(f"The XML is not well-formed at column {column + 1}: {what}.", line) from None
        except InvalidXmlError:
            raise
        except (ValueError, LookupError, RecursionError) as error:  # encodings nobody knows
            raise InvalidXmlError(f"The XML cannot be read: {error}.", self._target.line) from None


class _Target:
    """Told of every element as it begins and ends; keeps the image it is in."""

    parser: Any

    def __init__(self, max_bytes: int) -> None:
        self.found: deque[tuple[ImageElement | str, int, int]] = deque()
        self.events = 0
        self._max = max_bytes
        self._depth = 0
        self._image: ImageElement | None = None
        self._start = 0
        self._shape: Shape | None = None
        self._note: str | None = None

    @property
    def line(self) -> int:
        return int(self.parser.CurrentLineNumber)

    def start(self, tag: str, values: dict[str, str]) -> None:
        self.events += 1
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise InvalidXmlError(f"The XML is nested more than {_MAX_DEPTH} deep.", self.line)
        if self._depth == 1 and tag != "annotations":
            raise InvalidXmlError("The XML has no <annotations> at its root.", self.line, "unused_file")
        if self._depth == 2 and tag == "track":
            self.found.append((tag, 0, 0))
        if self._depth == 2 and tag == "image":
            self._image, self._start = ImageElement(self.line, values), int(self.parser.CurrentByteIndex)
        elif self._image is not None:
            self._enter(tag, values)

    def data(self, text: str) -> None:
        if self._shape is not None and self._note is not None and self._weigh(len(text)):
            self._shape.notes[self._note] = self._shape.notes.get(self._note, "") + text

    def end(self, tag: str) -> None:
        self.events += 1
        if self._depth == 2 and self._image is not None:
            self.found.append((self._image, self._start, int(self.parser.CurrentByteIndex)))
            self._image = None
        elif self._depth == 3:
            self._shape = None
        elif self._depth == 4:
            self._note = None
        self._depth -= 1

    def close(self) -> None:
        pass

    def _enter(self, tag: str, values: dict[str, str]) -> None:
        if not self._weigh(len(tag) + sum(len(key) + len(value) for key, value in values.items()) + 64):
            return
        if self._depth == 3 and self._image is not None:
            self._shape = Shape(tag, self.line, values)
            self._image.shapes.append(self._shape)
        elif self._depth == 4 and tag == "attribute":
            self._note = values.get("name", "")

    def _weigh(self, size: int) -> bool:
        """Whether the image may hold that much more."""
        if self._image is None or self._image.is_too_large:
            return False
        self._image.size += size
        if self._image.size > self._max:
            self._image.is_too_large, self._image.shapes, self._shape = True, [], None
        return not self._image.is_too_large


def _rebuild(image: ImageElement) -> str:
    """The text of an element without content, whose end the parser does not tell."""
    return f"<image {' '.join(f'{key}={quoteattr(value)}' for key, value in image.values.items())}/>"
