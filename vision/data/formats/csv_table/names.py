"""Cells with class names: one, or several parted in one way or another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from vision.catalog.task_types import TaskType

SEPARATORS = (";", "|", ",", " ")
"""The surest first: what may stand within a name comes last."""
WORDS = {";": "semicolons", "|": "bars", ",": "commas", " ": "spaces"}


class InvalidNamesError(ValueError):
    """A cell that begins like a list and is none. `str()` says why."""


@dataclass(frozen=True)
class Separator:
    """What parts the names of a file's cells. `doubt` is a cell that could be read in two ways, in line `line`."""

    character: str = " "
    doubt: str = ""
    line: int = 0

    def explain(self) -> str:
        """What was taken, and what to do where that is wrong."""
        kept = "" if self.character == " " else " and nowhere else"
        return (
            f"{self.doubt[:80]!r} can be read in two ways; its names were parted at {WORDS[self.character]}{kept}: "
            f"{', '.join(map(repr, split_names(self.doubt, self.character)[:5]))}. To have it otherwise, write such "
            'cells as lists: ["first name", "second name"].'
        )


def choose_separator(cells: Iterable[tuple[int, str]]) -> Separator:
    """What parts the names, by the lines and cells at the beginning of a file."""
    plain = [(line, cell) for line, cell in cells if cell and not is_list(cell)]
    character = next((one for one in SEPARATORS if any(one in cell for _, cell in plain)), " ")
    alone = {cell for _, cell in plain}
    for line, cell in plain:
        if is_doubtful(cell, character, alone):
            return Separator(character, cell, line)
    return Separator(character)


def is_doubtful(cell: str, character: str, alone: set[str] | frozenset[str] = frozenset()) -> bool:
    """Whether a cell could be parted otherwise. `alone` are names known to stand alone in a cell."""
    parts = split_names(cell, character)
    if any(other in part for part in parts for other in SEPARATORS[:-1] if other != character):
        return True
    return character == " " and len(parts) > 1 and not alone.issuperset(parts)


def split_names(cell: str, character: str) -> list[str]:
    """The names of a cell, without the spaces around them."""
    return [name.strip() for name in cell.split(None if character == " " else character) if name.strip()]


def is_list(cell: str) -> bool:
    """Whether a cell begins like a JSON list."""
    return cell.startswith("[")


def read_list(cell: str) -> list[Any]:
    """A JSON list of names; also as Python writes it, with single quotes.

    Raises:
        InvalidNamesError: anything else.
    """
    for text in (cell, cell.replace("'", '"') if '"' not in cell else ""):
        try:
            value = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, list) and all(isinstance(name, (str, int, float)) for name in value):
            return value
    raise InvalidNamesError(f'The cell {cell[:80]!r} begins like a list and is none; write it as ["cat", "dog"].')


def read_names(cell: str, separator: Separator, task_type: str) -> Any:
    """The label cell: a name as it stands for multi-class, else a list of names.

    Nothing is unlabelled for multi-class and `[]` for multi-label, where `null` is unlabelled.

    Raises:
        InvalidNamesError: as `read_list`.
    """
    if task_type == TaskType.CLASSIFICATION:
        return read_list(cell) if is_list(cell) else cell or None
    if cell == "null":
        return None
    return read_list(cell) if is_list(cell) else split_names(cell, separator.character)


def guess_names_task(cells: Sequence[str], is_plural: bool) -> str:
    """Multi-label where cells hold several names: by lists and separators that no single name has.

    Spaces part names where the column speaks of several, or where all the words stand alone elsewhere.
    """
    if any(is_list(cell) or any(one in cell for one in SEPARATORS[:-1]) for cell in cells):
        return TaskType.MULTILABEL
    alone = {cell for cell in cells if " " not in cell}
    spaced = [cell.split() for cell in cells if " " in cell]
    if spaced and (is_plural or all(alone.issuperset(words) for words in spaced)):
        return TaskType.MULTILABEL
    return TaskType.CLASSIFICATION


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number JSON allows")
