"""The heartbeat of an attempt: a thread of its own, so that copying a large checkpoint cannot stop it."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from django.db import DatabaseError, InterfaceError, connection

from jobs.errors import StaleAttemptError
from jobs.services import attempts

logger = logging.getLogger(__name__)
BEAT_SECONDS = 1.0
PATIENCE_SECONDS = 60.0  # how long the training goes on while the database does not answer


class Heart:
    """Beats once a second: the row's heartbeat, then the lease that the training process watches."""

    def __init__(self, trial_id: int, token: str, lease: Path) -> None:
        self.is_canceled = False
        self.is_stale = False
        self._trial_id, self._token, self._lease = trial_id, token, lease
        self._stopping = threading.Event()
        self._last_answer = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="heart", daemon=True)

    def start(self) -> None:
        self._write_lease()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=5)

    def check(self) -> None:
        """Raises StaleAttemptError once the attempt has been given up."""
        if self.is_stale:
            raise StaleAttemptError

    def _run(self) -> None:
        try:
            while not self.is_stale:
                self._beat()
                if self._stopping.wait(BEAT_SECONDS):
                    break
        finally:
            connection.close()

    def _beat(self) -> None:
        try:
            self.is_canceled = attempts.heartbeat(self._trial_id, self._token) or self.is_canceled
            self._last_answer = time.monotonic()
            self._write_lease()
        except StaleAttemptError:
            self.is_stale = not self._stopping.is_set()  # no lease any more: the training ends by itself
        except (DatabaseError, InterfaceError) as error:
            logger.warning("No heartbeat for trial %s: %s", self._trial_id, error)
            connection.close()
            if time.monotonic() - self._last_answer < PATIENCE_SECONDS:
                self._write_lease()
        except OSError as error:  # the disk is full: the training will say so
            logger.warning("No lease for trial %s: %s", self._trial_id, error)

    def _write_lease(self) -> None:
        self._lease.parent.mkdir(parents=True, exist_ok=True)
        draft = self._lease.with_suffix(".tmp")
        draft.write_text(self._token, encoding="utf-8")
        draft.replace(self._lease)
