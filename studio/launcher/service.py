"""One supervised process: started, started again with a growing pause when it dies, stopped."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from vision.lifeline import Process

_FIRST_PAUSE, _LONGEST_PAUSE = 0.3, 20.0
_STEADY_SECONDS = 20.0  # up for as long as this, the next failure is a first one again


class Service:
    """Keeps one process running. `tick` is called a few times a second."""

    def __init__(self, name: str, start: Callable[[], Process], say: Callable[[str], None]) -> None:
        self.name = name
        self.process: Process | None = None
        self._start = start
        self._say = say
        self._pause = _FIRST_PAUSE
        self._started_at = 0.0
        self._not_before = 0.0

    def tick(self) -> None:
        """Start it if it is not running and its pause is over."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            self._note_death(self.process, now)
        if self.process is None and now >= self._not_before:
            self._started_at = now
            try:
                self.process = self._start()
            except OSError as error:
                self._say(f"{self.name} cannot be started: {error}")
                self._wait_longer(now)

    def _note_death(self, process: Process, now: float) -> None:
        code = process.stop(0)  # ends what it may have left behind in its group, too
        self.process = None
        if now - self._started_at > _STEADY_SECONDS:
            self._pause = _FIRST_PAUSE
        self._say(f"{self.name} ended ({describe_exit(code)}); starting it again in {self._pause:.1f} s")
        self._wait_longer(now)

    def _wait_longer(self, now: float) -> None:
        self._not_before = now + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def stop(self, timeout: float) -> None:
        """Wait for it to stop, then force it."""
        if self.process is not None:
            self.process.stop(timeout)
            self.process = None


def describe_exit(code: int) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
