"""Regular expressions that a user gives, matched by RE2: in time that grows with the text alone, whatever they are."""

from __future__ import annotations

import duckdb

from vision.data.reading import ask

GROUP_OF = "regexp_extract({text}, {pattern}, 1)"
"""SQL of what the first group of a pattern matches, "" where it matches nothing."""


def check_pattern(pattern: str) -> None:
    """Whether a pattern can be used, and has a group.

    Raises:
        ValueError: not RE2's syntax, which has neither look-around nor back-references, or nothing in parentheses.
    """
    try:
        ask(r"SELECT regexp_replace('', ?, '\1')", [pattern])
    except duckdb.Error as error:
        if "parenthesized" in str(error):
            raise ValueError("it needs a group in parentheses, such as ^(part\\d+)_") from None
        reason = str(error).rpartition("Error: ")[2].splitlines()[0][:200]
        raise ValueError(f"not a regular expression of RE2: {reason}") from None
