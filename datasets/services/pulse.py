"""Signs of life of an attempt: from a thread, so that one long query or copy is not taken for a death."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, InterfaceError, connection, models
from django.utils import timezone

logger = logging.getLogger(__name__)
SECONDS = 5.0
"""Well below the time after which maintenance takes an attempt for dead."""


@contextmanager
def beating(mine: models.QuerySet[Any], seconds: float = SECONDS) -> Iterator[None]:
    """Set `heartbeat_at` of the attempt's row every few seconds, until the block ends or another attempt has it."""
    ended = threading.Event()
    thread = threading.Thread(target=_beat, args=(mine, seconds, ended), name="pulse", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=seconds)


def _beat(mine: models.QuerySet[Any], seconds: float, ended: threading.Event) -> None:
    try:
        while not ended.wait(seconds):
            try:
                if not mine.filter(heartbeat_at__isnull=False).update(heartbeat_at=timezone.now()):
                    return
            except (DatabaseError, InterfaceError) as error:
                logger.warning("No sign of life could be written: %s", error)
                connection.close()
    finally:
        connection.close()
