"""Decoding ahead of training, once for all epochs and for every later run over the same images."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from vision.training.inputs.cache import cache_limit, drop_unused
from vision.training.inputs.source import ImageSource


def fill_caches(folder: Path, sources: dict[str, ImageSource], tell: Callable[[str], None]) -> None:
    """Decode each named source into `folder`, as far as memory and disk allow. `tell` is given progress messages."""
    limit = cache_limit(folder)
    teller = _Teller(tell)
    drop_unused(folder, {source.key for source in sources.values()}, limit)
    for name, source in sources.items():
        source.fill(limit, usable_cpus(), partial(teller.tell_progress, name))
        limit -= source.cached_bytes()


def usable_cpus() -> int:
    """The processors this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Teller:
    """Passes progress on once a second."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._last = time.monotonic()

    def tell_progress(self, name: str, done: int, total: int) -> None:
        if time.monotonic() - self._last >= 1:
            self._last = time.monotonic()
            self._tell(f"Decoding {name} images: {done} of {total}")
