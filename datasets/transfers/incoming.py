"""The body of a request as it comes, taken off the connection at once: what has come is in our hands when it breaks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from vision.data.limits import MIB

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
IDLE_SECONDS = 60.0  # a connection that says nothing for so long is taken for cut
_SILENT_SECONDS = 3.0  # and for so long, where another request waits to go on with the file
_MOST_WAITING = 2 * MIB  # more stays on the connection, and the sender waits


class CutError(Exception):
    """The connection broke, or said nothing for too long."""


class Incoming:
    """Receives in the background while its bytes are written elsewhere."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._waiting = bytearray()
        self._is_over = False
        self._is_cut = False
        self._heard_at = time.monotonic()
        self._has_come = asyncio.Event()
        self._has_room = asyncio.Event()

    def __enter__(self) -> Incoming:
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run())
        return self

    def __exit__(self, *error: object) -> None:
        self._task.cancel()

    @property
    def is_silent(self) -> bool:
        """Nothing has come for a while, though there was room for it: whoever sent is likely gone."""
        return not self._waiting and time.monotonic() - self._heard_at >= _SILENT_SECONDS

    def cut(self) -> None:
        """Take the connection for cut; what it has brought stays to be taken. From any thread."""
        self._loop.call_soon_threadsafe(self._task.cancel)

    async def take(self) -> bytes:
        """All that has come since; waits for something. Empty at the end of the body.

        Raises:
            CutError: the connection is gone, and all it brought has been taken.
        """
        while not self._waiting and not self._is_over:
            self._has_come.clear()
            await self._has_come.wait()
        if not self._waiting and self._is_cut:
            raise CutError
        data = bytes(self._waiting)
        self._waiting.clear()
        self._has_room.set()
        return data

    async def _run(self) -> None:
        try:
            while not self._is_over:
                await self._receive_one()
                self._has_come.set()
                while len(self._waiting) >= _MOST_WAITING:
                    self._has_room.clear()
                    await self._has_room.wait()
        finally:
            self._is_cut |= not self._is_over
            self._is_over = True
            self._has_come.set()

    async def _receive_one(self) -> None:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                message = await self._receive()
        except TimeoutError:
            self._is_over = self._is_cut = True
            return
        self._heard_at = time.monotonic()
        self._is_cut = message["type"] == "http.disconnect"
        self._waiting += message.get("body", b"")
        self._is_over = self._is_cut or not message.get("more_body")
