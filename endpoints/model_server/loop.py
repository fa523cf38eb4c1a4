"""The loop of a lane: waits for a request, then takes along whatever else is waiting already."""

from __future__ import annotations

import time
from queue import Empty
from typing import Any

from litserve.loops.base import _SENTINEL_VALUE, _StopLoopError
from litserve.loops.simple_loops import BatchedLoop

_PATIENCE = 1.0


class LaneLoop(BatchedLoop):  # type: ignore[misc]
    """Dynamic batching without a wait: a lone request starts at once, requests that queue up meanwhile go together.

    LitServe's own loop asks an empty queue again and again without a pause, which takes a whole core while idle.
    """

    def get_batch_requests(
        self, lit_api: Any, request_queue: Any, transport: Any
    ) -> tuple[list[tuple[int, str, bytes]], list[tuple[int, str]]]:
        """The requests to answer now, and those that waited longer than they may."""
        now: list[tuple[int, str, bytes]] = []
        late: list[tuple[int, str]] = []
        for consumer, uid, sent_at, body in _take(request_queue, lit_api.max_batch_size):
            if time.monotonic() - sent_at > lit_api.request_timeout:
                late.append((consumer, uid))
            else:
                now.append((consumer, uid, body))
        return now, late


def _take(queue: Any, most: int) -> list[tuple[int, str, float, bytes]]:
    taken: list[tuple[int, str, float, bytes]] = []
    while len(taken) < most:
        try:
            request = queue.get(timeout=_PATIENCE) if not taken else queue.get_nowait()
        except Empty:
            break
        if request == _SENTINEL_VALUE:
            raise _StopLoopError
        taken.append(request)
    return taken
