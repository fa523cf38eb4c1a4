"""Being told to stop: by SIGTERM, or by losing the lease on the trial."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

LEASE_SECONDS = 10.0
LEASE_LOST_EXIT = 3


class StopRequest:
    """Set by SIGTERM or SIGINT; the loop looks at it after every step."""

    def __init__(self) -> None:
        self.reason: str | None = None

    def listen(self) -> None:
        """Take over the two signals of this process."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _: object) -> None:
        self.reason = signal.Signals(number).name


def watch_lease(path: Path, token: str, on_lost: Callable[[str], None], interval: float = 1.0) -> threading.Thread:
    """Watch the lease from a thread; `on_lost(reason)` is called once, when it is stale or another's.

    The holder rewrites the file every second. One that never comes is stale after as long as one left behind.
    """
    started = time.time()

    def watch() -> None:
        while (reason := _lease_fault(path, token, started)) is None:
            time.sleep(interval)
        on_lost(reason)

    thread = threading.Thread(target=watch, name="lease", daemon=True)
    thread.start()
    return thread


def exit_at_once() -> None:
    """End without a word more: another attempt may hold the trial's files by now."""
    os._exit(LEASE_LOST_EXIT)


def _lease_fault(path: Path, token: str, started: float) -> str | None:
    try:
        written = path.stat().st_mtime
        held = path.read_text(encoding="utf-8").strip()
    except OSError:
        written, held = started, ""
    if held and held != token:
        return "lease taken by another attempt"
    if time.time() - max(written, started) > LEASE_SECONDS:
        return "lease not renewed"
    return None


def watch_parent(on_lost: Callable[[str], None], interval: float = 0.5) -> threading.Thread:
    """Watch, from a thread, that the launcher lives; `on_lost(reason)` is called once when it does not.

    The launcher puts us into a session of our own: no signal to its group reaches us once it is gone.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(interval)
        on_lost("the launcher is gone")

    thread = threading.Thread(target=watch, name="parent", daemon=True)
    thread.start()
    return thread
