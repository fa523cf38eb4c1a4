"""RQ's worker with what a training studio needs: it stops in seconds, and leaves no horse behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn

from django.db import connections
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job

from vision.interpreter import importing
from vision.lifeline import kill_group, watch_descriptor

HORSE_GRACE_SECONDS = 12.0


class StudioWorker(Worker):
    """The parent process imports no torch, so a plain fork is safe; the training runs in a process of its own."""

    max_connection_wait_time = 2.0  # a broker that comes back is used again at once
    log_job_description = False

    def _set_ip_address(self, connection: Redis) -> None:
        """RQ asks the broker for our address; redis-py cannot read the answer where a socket's path holds a space."""
        connection.client_setname(self.name)
        self.ip_address = "unknown"

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Fork with a pipe: the horse ends itself when this worker is gone, by `kill -9` too."""
        _import_code(job)
        connections.close_all()  # a database connection must not be shared over a fork
        horse_end, held = os.pipe()
        self._lifeline: tuple[int, int] = (horse_end, held)
        super().fork_work_horse(job, queue)
        os.close(horse_end)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        horse_end, held = self._lifeline
        os.close(held)
        watch_descriptor(horse_end)
        super().main_work_horse(job, queue)

    def monitor_work_horse(self, job: Job, queue: Queue, execution: Execution) -> None:
        super().monitor_work_horse(job, queue, execution)
        os.close(self._lifeline[1])

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """A broker that is away must not end the training: the trial's heartbeat is in the database."""
        try:
            super().maintain_heartbeats(job, execution)
        except (RedisError, OSError) as error:
            self.log.warning("no heartbeat to the broker: %s", error)

    def setup_work_horse_signals(self) -> None:
        """SIGTERM unwinds the work item, so that it can stop what it started."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _unwind)

    def handle_warm_shutdown_request(self) -> None:
        """RQ would wait for the work item to finish, for hours; ours stop and are taken up again later."""
        horse = self.horse_pid
        if not horse:
            return
        try:
            os.kill(horse, signal.SIGTERM)
        except ProcessLookupError:
            return
        timer = threading.Timer(HORSE_GRACE_SECONDS, kill_group, args=[horse])
        timer.daemon = True
        timer.start()

    def set_shutdown_requested_date(self) -> None:
        try:
            super().set_shutdown_requested_date()  # type: ignore[no-untyped-call]
        except (RedisError, OSError) as error:
            self.log.warning("the broker was not told of the stop: %s", error)


def _import_code(job: Job) -> None:
    """What a work item calls is imported here, once for all horses: it takes each of them half a second and 80 MB.

    Not on macOS, where numpy has called on Accelerate once it is imported, which is of no use after a fork.
    """
    if sys.platform == "darwin":
        return
    with suppress(Exception):  # the horse finds the same fault, and says it
        module = str(job.func_name).rpartition(".")[0]
        if module not in sys.modules:
            with importing():
                import_module(module)


def _unwind(number: int, frame: FrameType | Any) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: cleaning up must not be interrupted
    raise SystemExit(128 + number)
