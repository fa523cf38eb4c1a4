"""Routes kept for at most a second, read again in the background while requests go on."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import connection

from endpoints.gateway.routes import Route, load_route

FRESH_SECONDS = 0.4  # older than this: read again in the background
LONGEST_SECONDS = 1.0  # older than this: wait for the reading
_MOST_ROUTES = 1000
# One thread of its own: the threads Django lends to a request end with that request.
_reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="routes")


@dataclass(frozen=True)
class _Entry:
    route: Route | None
    read_at: float


class RouteCache:
    """Endpoint name → route. Lives on one event loop."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._reading: dict[str, asyncio.Task[Route | None]] = {}

    async def get(self, name: str) -> Route | None:
        """The route as it was at most a second ago; None where there is no such endpoint."""
        entry = self._entries.get(name)
        age = time.monotonic() - entry.read_at if entry else LONGEST_SECONDS
        if entry and age < FRESH_SECONDS:
            return entry.route
        reading = self._reading.get(name) or self._start_reading(name)
        if entry and age < LONGEST_SECONDS:
            return entry.route
        return await asyncio.shield(reading)

    def _start_reading(self, name: str) -> asyncio.Task[Route | None]:
        task = asyncio.create_task(self._read(name))
        self._reading[name] = task
        task.add_done_callback(lambda _: self._reading.pop(name, None))
        return task

    async def _read(self, name: str) -> Route | None:
        read_at = time.monotonic()
        route = await asyncio.get_running_loop().run_in_executor(_reader, _load_and_close, name)
        self._keep_turns(name, route)
        if len(self._entries) > _MOST_ROUTES:
            self._entries.clear()
        self._entries[name] = _Entry(route, read_at)
        return route

    def _keep_turns(self, name: str, route: Route | None) -> None:
        before = self._entries.get(name)
        if route is None or before is None or before.route is None:
            return
        for key, deployment in route.deployments.items():
            if key in before.route.deployments:
                deployment.turn = before.route.deployments[key].turn


def _load_and_close(name: str) -> Route | None:
    try:
        return load_route(name)
    finally:
        connection.close()
