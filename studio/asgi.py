"""The web process: scoring and uploads go past Django, all else through it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

import django
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")

_THREADS = 32  # each keeps a database connection
_threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="requests")


class ThreadsHandler(ASGIHandler):
    """A request is answered at one go in one of a few threads, which keep their database connections.

    Django's own handler starts a thread for each request, with a connection of its own, and changes between it and the
    event loop again and again: on a page of thumbnails that takes longer than all the rest. Views and middleware here
    are synchronous; answers may still be streamed.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        response = await _in_thread(self._answer, scope, body)
        if response.closed:
            await self.send_response(response, send)
        else:
            await self._stream(response, receive, send)

    def _answer(self, scope: Any, body: IO[bytes]) -> Any:
        """The answer; closed where all of it is known, so that only the sending is left."""
        with body:
            set_script_prefix(get_script_prefix(scope))
            signals.request_started.send(sender=self.__class__, scope=scope)
            request, refusal = self.create_request(scope, body)
            response: Any = refusal if request is None else self.get_response(request)
            response._handler_class = self.__class__
            if response.streaming and response.is_async:
                return response
            if response.streaming:
                response.streaming_content = _pass_on(list(response.streaming_content))
            response.close()
            return response

    async def _stream(self, response: HttpResponseBase, receive: Any, send: Any) -> None:
        """Send until the end, or until nobody listens any more."""
        tasks = [
            asyncio.create_task(self.send_response(response, send)),
            asyncio.create_task(self.listen_for_disconnect(receive)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            sent, _ = await asyncio.gather(*tasks, return_exceptions=True)
            await _in_thread(response.close)
        if isinstance(sent, Exception):
            raise sent


def _in_thread(function: Any, *arguments: Any) -> asyncio.Future[Any]:
    return asyncio.get_running_loop().run_in_executor(_threads, function, *arguments)


async def _pass_on(parts: list[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


django.setup(set_prefix=False)
_django: Any = ThreadsHandler()

from datasets.transfers.asgi import with_transfers  # noqa: E402  needs the apps loaded
from endpoints.gateway.asgi import with_scoring  # noqa: E402

application = with_scoring(with_transfers(_django))
