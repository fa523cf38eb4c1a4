"""Reading the findings of an import from their file, a page at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vision.data.reading import ask, ask_dicts

_COLUMNS = {"severity": "VARCHAR", "code": "VARCHAR", "message": "VARCHAR", "file": "VARCHAR", "line": "BIGINT"}
_COLUMNS |= {"image": "VARCHAR", "action": "VARCHAR"}
_SOURCE = (
    "read_json(?, format = 'newline_delimited', maximum_object_size = 16777216, columns = {"
    + ", ".join(f"{name}: '{kind}'" for name, kind in _COLUMNS.items())
    + "})"
)


def list_findings(
    path: Path, *, severity: str = "", code: str = "", offset: int = 0, limit: int = 200
) -> tuple[list[dict[str, Any]], int]:
    """A page of findings in the order they were made, and how many match in all. `path` holds JSON lines."""
    if not path.stat().st_size:
        return [], 0
    conditions, values = ["true"], []
    for column, value in (("severity", severity), ("code", code)):
        if value:
            conditions.append(f"{column} = ?")
            values.append(value)
    where = " AND ".join(conditions)
    total = ask(f"SELECT count(*) FROM {_SOURCE} WHERE {where}", [str(path), *values])[0][0]
    query = f"SELECT {', '.join(_COLUMNS)} FROM {_SOURCE} WHERE {where} LIMIT ? OFFSET ?"
    return ask_dicts(query, [str(path), *values, limit, offset]), total
