"""`manage.py up`: everything, in one process tree."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from datasets.limits import get_limits
from studio.accounts import get_owner
from studio.home import HomeError, check_space
from studio.launcher.checks import bind_port, lock_home
from studio.launcher.launcher import Launcher
from vision.errors import DarkroomError

_HEALTHY_WITHIN = 60.0


class Command(BaseCommand):
    help = "Set up the database and run broker, web and node agent until Ctrl-C."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._run(Path(settings.STUDIO_HOME))
        except (DarkroomError, HomeError) as error:
            raise CommandError(str(error)) from error

    def _run(self, home: Path) -> None:
        started = time.monotonic()
        check_space(home)
        get_limits()  # a variable that names no limit is said now, not at the first import
        with lock_home(home):
            listener = bind_port(settings.STUDIO_HOST, settings.STUDIO_PORT)
            launcher = Launcher(listener, has_own_broker=not os.environ.get("REDIS_URL"), say=self._say)
            launcher.listen_to_signals()
            try:
                launcher.start_broker()
                _migrate()
                parts = launcher.wait_until_healthy(_HEALTHY_WITHIN)
                if parts:
                    self._report(parts, time.monotonic() - started)
                    launcher.run()
                self._say("Stopping Darkroom")
            finally:
                launcher.stop()
            self._say("Darkroom has stopped. `make run` starts it again with everything as it was.")

    def _report(self, parts: dict[str, str], seconds: float) -> None:
        missing = {name: state for name, state in parts.items() if state != "ok"}
        for name, state in missing.items():
            self._say(f"{name} {state}. Still trying; see {settings.STUDIO_HOME / 'logs'}")
        if not missing:
            self._say(f"Darkroom is up after {seconds:.1f} s. Data: {settings.STUDIO_HOME}. Ctrl-C stops it.")
        self._say("")
        self._say(f"    Sign in: {sign_in_url()}")
        self._say("")

    def _say(self, line: str) -> None:
        with contextlib.suppress(OSError):  # the terminal may be closed by now
            self.stdout.write(line)
            self.stdout.flush()


def sign_in_url() -> str:
    """The link that signs the owner in, with an address a browser on this machine can open."""
    host = settings.STUDIO_HOST
    if host in ("0.0.0.0", "::", ""):  # noqa: S104
        host = "127.0.0.1"
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{settings.STUDIO_PORT}/sign-in/?token={settings.STUDIO_ADMIN_TOKEN}"


def _migrate() -> None:
    try:
        call_command("migrate", verbosity=0, interactive=False)
        get_owner()
    except DatabaseError as error:
        raise CommandError(f"The database cannot be used: {error}. Check DATABASE_URL.") from error
