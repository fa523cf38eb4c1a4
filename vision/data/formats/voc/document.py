"""One annotation XML of Pascal VOC and its kin, with the line of every object."""

from __future__ import annotations

import codecs
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

_LINE = "{line}"  # an attribute no document can have: a name without a namespace
_MAX_DEPTH = 50
PRESERVE = ("{http://www.w3.org/XML/1998/namespace}space", "preserve")
"""The attribute that says the spaces around a name belong to it."""
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


class InvalidXmlError(ValueError):
    """An XML file, or an object in it, that cannot be used. `str()` says why, `line` where."""

    def __init__(self, message: str, line: int = 0, code: str = "invalid_xml") -> None:
        super().__init__(message)
        self.line = line
        self.code = code


@dataclass(frozen=True, slots=True)
class VocObject:
    """One `<object>`: `box` (left, top, right, bottom) and `rings` in px as they are written; one of them is there."""

    name: str
    line: int
    box: tuple[float, float, float, float] | None = None
    rings: tuple[list[float], ...] = ()
    is_difficult: bool = False


@dataclass(frozen=True, slots=True)
class VocDocument:
    """One file. `size` is what it claims, None where that is nothing (0 × 0 is common)."""

    filename: str = ""
    size: tuple[int, int] | None = None
    objects: list[VocObject] = field(default_factory=list)
    is_unlabelled: bool = False
    text: str = ""


def read_document(path: Path, max_bytes: int) -> VocDocument | None:
    """The file as annotation of one image; None where it is well-formed XML of another kind.

    Raises:
        InvalidXmlError: over `max_bytes`, not well-formed, with entities, nested too deep, or an object without a name
            or with coordinates that are no numbers.
    """
    if path.stat().st_size > max_bytes:
        message = f"The file has {path.stat().st_size:,} bytes; {max_bytes:,} are allowed."
        raise InvalidXmlError(message, code="file_too_large")
    data = path.read_bytes()
    root = _parse(data)
    if root.tag != "annotation":
        return None
    return VocDocument(
        filename=_text_of(root, "filename"),
        size=_read_size(root.find("size")),
        objects=[_read_object(one) for one in root.findall("object") if not _is_true(_text_of(one, "deleted"))],
        is_unlabelled=_is_true(_text_of(root, "unlabelled")),
        text=data.decode("utf-16" if data[:2] in _UTF_16 else "utf-8", "replace"),
    )


class _LineBuilder(TreeBuilder):
    """Builds elements that know their line, and no deeper than an annotation has a reason to be."""

    parser: Any
    depth = 0

    def start(self, tag: Any, attrs: Any, /) -> Element:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise InvalidXmlError(f"The XML is nested more than {_MAX_DEPTH} deep.", self.line)
        element = super().start(tag, attrs)
        element.set(_LINE, str(self.line))
        return element

    def end(self, tag: Any, /) -> Element:
        self.depth -= 1
        return super().end(tag)

    @property
    def line(self) -> int:
        return int(self.parser.parser.CurrentLineNumber)


def _parse(data: bytes) -> Element:
    builder = _LineBuilder()
    parser = DefusedXMLParser(target=builder, forbid_dtd=False)
    builder.parser = parser
    try:
        parser.feed(data)
        root: Element = parser.close()
    except InvalidXmlError:
        raise
    except DefusedXmlException:
        raise InvalidXmlError("The XML declares entities or points outside itself; annotations need neither.") from None
    except ParseError as error:
        line, column = error.position
        what = str(error.msg).partition(": line ")[0]
        raise InvalidXmlError(f"The XML is not well-formed at column {column + 1}: {what}.", line) from None
    except (ValueError, LookupError, RecursionError) as error:  # encodings Python does not know or expat cannot take
        raise InvalidXmlError(f"The XML cannot be read: {error}.") from None
    return root


def _read_object(element: Element) -> VocObject:
    line = int(element.get(_LINE, 0))
    name = _read_name(element)
    if not name:
        raise InvalidXmlError("An object has no <name>.", line, "invalid_label")
    rings = tuple(_read_ring(polygon, name) for polygon in element.findall("polygon"))
    rings = tuple(ring for ring in rings if ring)
    corners = element.find("bndbox")
    box = _read_box(corners, name) if corners is not None and len(corners) else None
    if box is None and not rings:
        raise InvalidXmlError(f"The object {name!r} has neither <bndbox> nor <polygon>.", line, "invalid_label")
    return VocObject(name, line, box, rings, _is_true(_text_of(element, "difficult")))


def _read_name(element: Element) -> str:
    found = element.find("name")
    if found is None or found.get(PRESERVE[0]) != PRESERVE[1]:
        return _text_of(element, "name")
    return found.text or ""


def _read_box(element: Element, name: str) -> tuple[float, float, float, float]:
    left, top, right, bottom = (_read_number(element, key, name) for key in _CORNERS)
    return left, top, right, bottom


def _read_ring(element: Element, name: str) -> list[float]:
    """Points as `<x1/><y1/><x2/>…` (Roboflow) or as `<pt><x/><y/></pt>` (LabelMe)."""
    points = element.findall("pt")
    if points:
        return [_read_number(point, axis, name) for point in points for axis in ("x", "y")]
    return list(_iterate_points(element, name))


def _iterate_points(element: Element, name: str) -> Iterator[float]:
    tags = {child.tag: child for child in element}
    number = 1
    while f"x{number}" in tags or f"y{number}" in tags:
        yield _read_number(element, f"x{number}", name, tags.get(f"x{number}"))
        yield _read_number(element, f"y{number}", name, tags.get(f"y{number}"))
        number += 1


def _read_number(parent: Element, tag: str, name: str, element: Element | None = None) -> float:
    element = parent.find(tag) if element is None else element
    if element is None:
        message = f"The <{parent.tag}> of {name!r} has no <{tag}>."
        raise InvalidXmlError(message, int(parent.get(_LINE, 0)), "invalid_label")
    text = (element.text or "").strip()
    try:
        value = float(text) if "_" not in text else math.nan  # Python takes 1_000 for a number
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        message = f"<{tag}> of {name!r} is {text[:40]!r}, not a number."
        raise InvalidXmlError(message, int(element.get(_LINE, 0)), "invalid_label")
    return value


def _read_size(element: Element | None) -> tuple[int, int] | None:
    if element is None:
        return None
    width, height = _text_of(element, "width"), _text_of(element, "height")
    if not (width.isdecimal() and height.isdecimal() and max(len(width), len(height)) < 10):
        return None
    return (int(width), int(height)) if int(width) > 0 and int(height) > 0 else None


def _text_of(parent: Element, tag: str) -> str:
    return (parent.findtext(tag) or "").strip()


def _is_true(text: str) -> bool:
    return text.lower() in ("1", "true", "yes")
