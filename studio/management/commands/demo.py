"""`manage.py demo`: the main job without a hand on it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from studio.demo.client import Client
from studio.demo.steps import run_demo
from vision.errors import DarkroomError

MANAGE = Path(settings.BASE_DIR) / "manage.py"


class Command(BaseCommand):
    help = "Upload the rendered sample, train, register, deploy and score it, and print the page of each step."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--architecture", default="mobilenetv2", help="what to train (default: mobilenetv2)")
        parser.add_argument("--keep", action="store_true", help="leave Darkroom running afterwards, until Ctrl-C")

    def handle(self, *args: Any, **options: Any) -> None:
        url = f"http://{settings.STUDIO_HOST}:{settings.STUDIO_PORT}"
        start = time.monotonic()
        with _running(url, self.stdout.write) as started:
            client = Client(url, settings.STUDIO_ADMIN_TOKEN)
            try:
                run_demo(client, self._say, architecture=options["architecture"])
            except DarkroomError as error:
                raise CommandError(str(error)) from error
            self._say(f"Done in {time.monotonic() - start:.0f} s. Sign in: {_sign_in_url(url)}")
            if started and options["keep"]:
                self._say("Darkroom stays up until Ctrl-C.")
                with contextlib.suppress(KeyboardInterrupt):
                    started.wait()
        if started and not options["keep"]:
            self._say("Darkroom was started for the demo and is stopped again: `make run` brings the pages back.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _sign_in_url(url: str) -> str:
    return f"{url}/sign-in/?token={settings.STUDIO_ADMIN_TOKEN}"


def _is_up(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{url}/healthz", timeout=5).status_code == 200
    return False


@contextlib.contextmanager
def _running(url: str, say: Any) -> Iterator[subprocess.Popen[bytes] | None]:
    """The Darkroom at that address: the one that is up, else one started for as long as the block lasts."""
    if _is_up(url):
        yield None
        return
    log = Path(settings.STUDIO_HOME) / "logs" / "demo.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    say(f"Starting Darkroom at {url} (log: {log})")
    with log.open("wb") as file:
        process = subprocess.Popen([sys.executable, str(MANAGE), "up"], stdout=file, stderr=subprocess.STDOUT)
    try:
        _wait_until_up(url, process, log)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 120
    while not _is_up(url):
        if process.poll() is not None or time.monotonic() > end:
            tail = log.read_text(errors="replace")[-2000:]
            raise CommandError(f"Darkroom did not come up at {url}.\n{tail}")
        time.sleep(0.3)
