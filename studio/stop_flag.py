"""Being told to stop by a signal."""

from __future__ import annotations

from contextlib import suppress
from queue import Empty, SimpleQueue


class StopFlag:
    """What a signal handler sets and the main thread waits for.

    `threading.Event` doesn't serve: a handler that runs while this same thread is inside `wait` may find the event's
    lock taken by what it interrupts, and waits for it for ever. `SimpleQueue.put` is made to be called from anywhere.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._bell: SimpleQueue[None] = SimpleQueue()

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        self._bell.put(None)

    def wait(self, seconds: float) -> bool:
        """Wait until it is set, `seconds` at most. Returns whether it is."""
        if not self._is_set:
            with suppress(Empty):
                self._bell.get(timeout=seconds)
        return self._is_set
