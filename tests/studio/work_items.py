"""Work items for the tests of the worker."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

IMPORTED_BY = os.getpid()


def note_importer(path: str) -> None:
    Path(path).write_text(f"{IMPORTED_BY} {os.getpid()}")


def note_and_sleep(path: str, seconds: float) -> None:
    """Writes `<pid> <has torch>`, sleeps, and says in the end how it was let go."""
    place = Path(path)
    place.write_text(f"{os.getpid()} {'torch' in sys.modules}")
    try:
        time.sleep(seconds)
    finally:
        place.with_suffix(".unwound").touch()
    place.with_suffix(".done").touch()


def note_environment(path: str) -> None:
    names = ("DARKROOM_NODE", "DARKROOM_SLOT", "CUDA_VISIBLE_DEVICES")
    Path(path).write_text("|".join(os.environ.get(name, "-") for name in names))


def fail() -> None:
    raise ValueError("as asked")
