"""`manage.py agent`: this machine's part of Darkroom."""

from __future__ import annotations

import fcntl
import logging
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from studio.agent.agent import Agent
from vision.lifeline import watch_lifeline

_PATIENCE_SECONDS = 25.0  # as long as an agent takes to stop


class Command(BaseCommand):
    help = "Run this machine's workers and model servers until told to stop."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", default="", help="the machine's name (default: its host name)")

    def handle(self, *args: Any, **options: Any) -> None:
        name = re.sub(r"[^A-Za-z0-9_.-]", "-", options["name"] or settings.STUDIO_NODE or socket.gethostname())[:100]
        stopped: list[bool] = []
        agent: Agent | None = None

        def stop(*_: object) -> None:
            stopped.append(True)
            if agent is not None:
                agent.request_stop()

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, stop)
        watch_lifeline()
        with _hold_name(Path(settings.STUDIO_HOME) / "node" / name):
            _wait_for_database(stopped)
            if stopped:
                return
            agent = Agent(name)
            logging.getLogger(__name__).info("agent of node %s", name)
            try:
                if not stopped:
                    agent.run()
            finally:
                agent.stop()


@contextmanager
def _hold_name(folder: Path) -> Iterator[None]:
    """One agent a name and home: a second one waits for the first to end, and gives up when it does not."""
    folder.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + _PATIENCE_SECONDS
    with (folder / "agent.lock").open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > end:
                    raise CommandError(f"An agent for node {folder.name} is already running. Use --name.") from None
            time.sleep(0.2)
        yield


def _wait_for_database(stopped: list[bool]) -> None:
    """The tables are there once the web's machine has migrated."""
    end = time.monotonic() + 60
    while not stopped:
        try:
            if "jobs_node" in connection.introspection.table_names():
                return
            problem = "the tables are missing: start Darkroom (manage.py up) on the same DATABASE_URL first"
        except DatabaseError as error:
            problem = str(error)
        if time.monotonic() > end:
            raise CommandError(f"The database cannot be used: {problem}. Check DATABASE_URL.")
        time.sleep(0.5)
