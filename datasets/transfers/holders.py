"""The requests that append to a file at the moment, each alone; one that fell silent is made to let go."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from datasets.transfers.incoming import Incoming

_RELEASE_SECONDS = 10.0
_holders: dict[UUID, Incoming] = {}


@contextmanager
def holding(transfer_id: UUID, incoming: Incoming) -> Iterator[None]:
    """While `incoming` brings bytes of a transfer."""
    _holders[transfer_id] = incoming
    try:
        yield
    finally:
        if _holders.get(transfer_id) is incoming:  # its lock is free already, and may be the next one's
            del _holders[transfer_id]


def release_silent(transfer_id: UUID) -> bool:
    """Whether a request had to let go. A closed page's may stay open for a minute: who goes on with its file, or begins
    it anew, need not wait for its end. What it has brought is kept and recorded. Blocking: meant for a thread."""
    holder = _holders.get(transfer_id)
    if holder is None or not holder.is_silent:
        return False
    holder.cut()
    deadline = time.monotonic() + _RELEASE_SECONDS
    while _holders.get(transfer_id) is holder and time.monotonic() < deadline:
        time.sleep(0.01)
    return True
