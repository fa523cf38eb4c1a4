"""Reading the findings of an import from their file, a page at a time."""

from __future__ import annotations

import json
from array import array
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from vision.data.reading import Stamp, read_stamp

_FIELDS = ("severity", "code", "message", "file", "line", "image", "action")


class _Kind(msgspec.Struct, gc=False):
    severity: str
    code: str


_read_kind = msgspec.json.Decoder(_Kind).decode


@dataclass(frozen=True)
class _Index:
    """`starts`: the byte at which each line begins. `lines`: those of each severity and code, in their order."""

    starts: array[int]
    lines: dict[tuple[str, str], array[int]]

    def find(self, severity: str, code: str) -> NDArray[np.uint32]:
        asked = [lines for kind, lines in self.lines.items() if severity in ("", kind[0]) and code in ("", kind[1])]
        found = [np.frombuffer(lines, np.uint32) for lines in asked]
        return np.sort(np.concatenate(found)) if found else np.empty(0, np.uint32)


def list_findings(
    path: Path, *, severity: str = "", code: str = "", offset: int = 0, limit: int = 200
) -> tuple[list[dict[str, Any]], int]:
    """A page of findings in the order they were made, and how many match in all. `path` holds JSON lines."""
    if not path.stat().st_size:
        return [], 0
    index = _read_index(read_stamp(path))
    found = index.find(severity, code)
    with path.open("rb") as file:
        rows = [_read_row(file, index.starts[number]) for number in found[offset : offset + limit]]
    return rows, len(found)


def _read_row(file: IO[bytes], start: int) -> dict[str, Any]:
    file.seek(start)
    row = json.loads(file.readline())
    return {name: row.get(name) for name in _FIELDS}


@lru_cache(maxsize=2)  # a few megabytes each where there are most findings
def _read_index(known_by: Stamp) -> _Index:
    """Findings never change: of a file that was looked through once a page is no more than its lines."""
    starts, start = array("Q"), 0
    lines: defaultdict[tuple[str, str], array[int]] = defaultdict(lambda: array("I"))
    with Path(known_by[0]).open("rb") as file:
        for number, line in enumerate(file):
            kind = _read_kind(line)
            lines[kind.severity, kind.code].append(number)
            starts.append(start)
            start += len(line)
    return _Index(starts, dict(lines))
