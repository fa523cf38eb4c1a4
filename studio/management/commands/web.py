"""`manage.py web`: the web process alone."""

from __future__ import annotations

import socket
import sys
from importlib.abc import MetaPathFinder
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from vision.interpreter import importing
from vision.lifeline import watch_lifeline

_GRACE_SECONDS = 3  # live event streams do not end by themselves


class _NoPandas(MetaPathFinder):
    """pyarrow loads pandas wherever it is installed, for conversions that no page asks for: 70 MB of this process."""

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(f"The web process does without {name}.", name=name)


class Command(BaseCommand):
    help = "Serve the pages and the API."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--fd", type=int, default=None, help="a listening socket handed over by the launcher")

    def handle(self, *args: Any, **options: Any) -> None:
        watch_lifeline()
        sys.meta_path.insert(0, _NoPandas())
        config = uvicorn.Config(
            "studio.asgi:application",
            host=settings.STUDIO_HOST,
            port=settings.STUDIO_PORT,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        with importing():
            config.load()
        sockets = None if options["fd"] is None else [socket.socket(fileno=options["fd"])]
        uvicorn.Server(config).run(sockets=sockets)
