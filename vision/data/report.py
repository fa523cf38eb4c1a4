"""What an import found wrong: every finding counted, the first of them kept with file and line."""

from __future__ import annotations

import json
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Any

from vision.errors import Detail


class Action(StrEnum):
    """What was done with the row a finding is about."""

    KEPT = "kept"
    REPAIRED = "repaired"
    DROPPED = "dropped"


def clean_text(text: str, length: int = 500) -> str:
    """Text that any database and any page takes: no NUL, no half of a surrogate pair, cut at `length`."""
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "�")
    return text if len(text) <= length else text[: length - 1] + "…"


class Report:
    """Collects findings in the order they are met.

    All are counted. The first `max_rows` errors and as many warnings are kept in memory; where `file` is given, the
    first `max_findings` of each code go there too, as JSON lines: a frequent one does not crowd out the rare.
    """

    def __init__(self, max_rows: int = 1_000, file: Path | None = None, max_findings: int = 50_000) -> None:
        self._max_rows = max_rows
        self._max_findings = max_findings
        self._file = file.open("w", encoding="utf-8") if file is not None else None
        self._rows: dict[str, list[dict[str, Any]]] = {"error": [], "warning": []}
        self._severities: Counter[str] = Counter()
        self._actions: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()

    def error(self, code: str, message: str, action: Action = Action.DROPPED, **place: Any) -> None:
        """A finding that costs the row (or the file) it is about. `place`: `file`, `line`, `image`."""
        self._add("error", code, message, action, place)

    def warning(self, code: str, message: str, action: Action = Action.KEPT, **place: Any) -> None:
        """A finding that costs nothing, or was repaired with certainty."""
        self._add("warning", code, message, action, place)

    @property
    def error_count(self) -> int:
        return self._severities["error"]

    def first_errors(self, count: int) -> list[Detail]:
        """The first errors as details of an exception."""
        rows = self._rows["error"][:count]
        return [Detail(**{key: value for key, value in row.items() if key != "action"}) for row in rows]

    def flush(self) -> None:
        """Make the file hold all that was found so far."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def to_dict(self, **counts: int) -> dict[str, Any]:
        """`{"errors": [row], "warnings": [row], "counts": {...}}`; a row is a detail with its `action`."""
        return {
            "errors": self._rows["error"],
            "warnings": self._rows["warning"],
            "counts": {
                "errors": self._severities["error"],
                "warnings": self._severities["warning"],
                **{action.value: self._actions[action] for action in Action},
                **counts,
                "by_code": dict(self._codes.most_common()),
            },
        }

    def _add(self, severity: str, code: str, message: str, action: Action, place: dict[str, Any]) -> None:
        self._severities[severity] += 1
        self._actions[action] += 1
        self._codes[code] += 1
        rows = self._rows[severity]
        is_written = self._file is not None and self._codes[code] <= self._max_findings
        if len(rows) >= self._max_rows and not is_written:
            return
        texts: dict[str, Any] = {
            key: clean_text(value, 1024) if isinstance(value, str) else value for key, value in place.items()
        }
        detail = Detail(clean_text(message), code=code, severity=severity, **texts)
        row = {**detail.to_dict(), "action": action.value}
        if len(rows) < self._max_rows:
            rows.append(row)
        if is_written and self._file is not None:
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
