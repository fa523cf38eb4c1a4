"""Being told to stop by a signal."""

from __future__ import annotations

import time

_PIECE_SECONDS = 0.05


class StopFlag:
    """What a signal handler sets and the main thread waits for.

    Nothing here takes a lock: a handler that runs while this same thread is inside `threading.Event.wait` may find the
    event's lock taken by what it interrupts, and waits for it for ever.
    """

    def __init__(self) -> None:
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True

    def wait(self, seconds: float) -> bool:
        """Wait until it is set, `seconds` at most. Returns whether it is."""
        end = time.monotonic() + seconds
        while not self._is_set and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _PIECE_SECONDS))  # a handler doesn't cut a sleep short
        return self._is_set
