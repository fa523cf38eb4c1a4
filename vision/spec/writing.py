"""Values as text."""

from __future__ import annotations

from typing import Any


def write_value(value: Any) -> str:
    """As it stands in a document and in a form: `true` and `false`, and nothing for what is not set."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
