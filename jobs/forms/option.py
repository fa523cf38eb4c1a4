"""One choice of a select."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    value: str
    title: str
    is_chosen: bool
