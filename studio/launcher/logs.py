"""STUDIO_HOME/logs: one file a process, kept to a sensible length."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

_LONGEST = 8 * 1024 * 1024
_KEPT = 2 * 1024 * 1024


def open_log(folder: Path, name: str) -> BinaryIO:
    """`<name>.log` to append to; of one that has grown too long only the end is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.log"
    if path.exists() and path.stat().st_size > _LONGEST:
        with path.open("rb") as file:
            file.seek(-_KEPT, 2)
            tail = file.read()
        path.write_bytes(tail)
    return path.open("ab")
