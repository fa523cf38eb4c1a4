"""Where an attempt works on this machine's disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings


@contextmanager
def work_folder(kind: str, pk: int | str, token: str) -> Iterator[Path]:
    """An empty folder below STUDIO_HOME/<kind> for this attempt; what dead attempts at the same row left is removed."""
    parent = Path(settings.STUDIO_HOME) / kind
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{pk}-*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = parent / f"{pk}-{token}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
