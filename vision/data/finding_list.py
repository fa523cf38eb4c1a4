"""Reading the findings of an import from their file, a page at a time."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.data.reading import Stamp, ask, read_stamp

_FIELDS = ("severity", "code", "message", "file", "line", "image", "action")
_KINDS = (
    "SELECT severity, code FROM read_json(?, format = 'newline_delimited', maximum_object_size = 16777216, "
    "columns = {severity: 'VARCHAR', code: 'VARCHAR'})"
)


@dataclass(frozen=True)
class _Index:
    """`starts`: the byte at which each line begins. `lines`: those of each severity and code, in their order."""

    starts: NDArray[np.int64]
    lines: dict[tuple[str, str], NDArray[np.int64]]

    def find(self, severity: str, code: str) -> NDArray[np.int64]:
        if not severity and not code:
            return np.arange(len(self.starts))
        asked = [lines for kind, lines in self.lines.items() if severity in ("", kind[0]) and code in ("", kind[1])]
        return np.sort(np.concatenate(asked)) if asked else np.empty(0, np.int64)


def list_findings(
    path: Path, *, severity: str = "", code: str = "", offset: int = 0, limit: int = 200
) -> tuple[list[dict[str, Any]], int]:
    """A page of findings in the order they were made, and how many match in all. `path` holds JSON lines."""
    if not path.stat().st_size:
        return [], 0
    index = _read_index(read_stamp(path))
    found = index.find(severity, code)
    with path.open("rb") as file:
        rows = [_read_row(file, start) for start in index.starts[found[offset : offset + limit]]]
    return rows, len(found)


def _read_row(file: Any, start: int) -> dict[str, Any]:
    file.seek(start)
    row = json.loads(file.readline())
    return {name: row.get(name) for name in _FIELDS}


@lru_cache(maxsize=8)  # a few megabytes each where there are most findings
def _read_index(known_by: Stamp) -> _Index:
    """Findings never change: of a file that was looked through once a page is no more than its lines."""
    path, *_ = known_by
    lines: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number, kind in enumerate(ask(_KINDS, [path])):
        lines[kind].append(number)
    with Path(path).open("rb") as file:
        starts = [0, *accumulate(map(len, file))][:-1]
    return _Index(np.array(starts, np.int64), {kind: np.array(own, np.int64) for kind, own in lines.items()})
