"""What a check says, and what it is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_NAMED = 5  # classes in one sentence
_LINKED = 50  # in one address
_LINKED_LETTERS = 2_000


class Level(StrEnum):
    """How much it matters; the worst first."""

    BAD = "bad"
    WARNING = "warning"
    NOTE = "note"
    GOOD = "good"


@dataclass(frozen=True)
class Verdict:
    """`title` says what is so, with its number, `why` what follows from it; `detail` names the classes.

    `images` is the filter of the grid that shows them; `shown` says how many of them where that is not all. `code` is
    the finding of the import's report about the same, `fix` a page that helps: `classes`, `splits` or `export`;
    `section` the part of the health page that shows it.
    """

    level: Level
    title: str
    why: str = ""
    detail: str = ""
    images: Mapping[str, Any] = field(default_factory=dict)
    shown: int = 0
    code: str = ""
    fix: str = ""
    section: str = ""


@dataclass(frozen=True)
class Facts:
    """Of a version: `splits` are the images in each, `errors` what its import could not use."""

    statistics: Mapping[str, Any]
    splits: Mapping[str, int]
    errors: int = 0

    @property
    def images(self) -> int:
        return sum(self.splits.values())

    @property
    def labels(self) -> list[dict[str, Any]]:
        return self.statistics.get("labels") or []


def good(title: str) -> Verdict:
    return Verdict(Level.GOOD, title)


def say(count: int, thing: str, things: str = "") -> str:
    """`1 image`, `1,200 images`."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def name_some(names: Iterable[str]) -> str:
    """The first few of them."""
    listed = list(names)
    more = len(listed) - _NAMED
    return ", ".join(listed[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def link_labels(labels: Iterable[str]) -> dict[str, Any]:
    """The filter for images with any of these, or with as many of them as an address holds."""
    chosen: list[str] = []
    for label in labels:
        if len(chosen) == _LINKED or sum(map(len, chosen)) + len(label) > _LINKED_LETTERS:
            break
        chosen.append(label)
    return {"label": chosen} if chosen else {}


def link_rows(rows: Iterable[int]) -> dict[str, Any]:
    """The filter for these rows."""
    numbers = sorted(set(rows))
    return {"rows": ",".join(map(str, numbers))} if numbers else {}
