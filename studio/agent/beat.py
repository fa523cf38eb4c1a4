"""One thing done every so often, apart from all others."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.db import Error as DatabaseFault
from django.db import connection

logger = logging.getLogger(__name__)


class Beat:
    """What goes wrong in `act` is logged and tried again, a second later at the soonest."""

    def __init__(self, name: str, act: Callable[[], object], seconds: float) -> None:
        self._name, self._act, self._seconds = name, act, seconds
        self._next = 0.0
        self._failures = 0

    def tick(self) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self._seconds
        try:
            self._act()
            self._failures = 0
        except Exception as error:
            self._failures += 1
            if self._failures in (1, 10) or self._failures % 100 == 0:
                logger.exception("%s failed (%d in a row)", self._name, self._failures)
            self._next = now + max(1.0, self._seconds)
            if isinstance(error, DatabaseFault):
                connection.close()  # the next try opens a new one
