"""A label cell understood, and what is common to all of them."""

from __future__ import annotations

from typing import Any

import msgspec

from vision.data.limits import ImportLimits


class LabelCell(msgspec.Struct, frozen=True):
    """`names` has one class name for every object (or for the image), `annotation` is the canonical cell as JSON.

    `repairs` says in sentences what was changed.
    """

    names: tuple[str, ...]
    annotation: str
    repairs: tuple[str, ...] = ()


UNLABELLED = LabelCell((), "null")
"""The cell of an image that nobody labelled."""


class InvalidLabelError(ValueError):
    """A label cell that cannot be understood. `str()` says what is wrong; `code` is the finding's."""

    def __init__(self, message: str, code: str = "invalid_label") -> None:
        super().__init__(message)
        self.code = code


def check_name(name: Any, limits: ImportLimits, repairs: list[str]) -> str:
    """A class name as text; a number is taken as its digits, and that is said.

    Raises:
        InvalidLabelError: no text, empty, too long, or holding characters no page can show.
    """
    if isinstance(name, (int, float)) and not isinstance(name, bool):
        repairs.append(f"The number {name} was taken as the name {str(name)!r}.")
        name = str(name)
    if not isinstance(name, str):
        raise InvalidLabelError(f"A class name is text, not {describe(name)}.")
    if name in GOOD_NAMES:
        return name
    if not name.strip():
        raise InvalidLabelError("The label is empty.")
    if len(name) > limits.max_label_length:
        raise InvalidLabelError(f"The label has {len(name)} characters; {limits.max_label_length} are allowed.")
    if any(ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000 for letter in name):
        raise InvalidLabelError("The label holds control characters.")
    if len(GOOD_NAMES) < _REMEMBERED and len(name) <= _SHORT:
        GOOD_NAMES.add(name)
    return name


def describe(value: Any) -> str:
    """A JSON value's kind in words."""
    if value is None:
        return "null"
    kinds = {dict: "an object", list: "a list", bool: "true or false", str: "text", int: "a number", float: "a number"}
    return kinds.get(type(value), type(value).__name__)


def to_values(cell: Any) -> Any:
    """A label cell as Python values; objects that were decoded as such become mappings again."""
    if type(cell) is not list:
        return cell
    return [msgspec.structs.asdict(one) if isinstance(one, msgspec.Struct) else one for one in cell]


GOOD_NAMES: set[str] = set()  # names repeat by the hundred thousand; each is looked through once
_REMEMBERED = 10_000
_SHORT = 100  # never above the smallest limit anyone sets in earnest
