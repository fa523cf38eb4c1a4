"""The web process as a server calls it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import path

from studio.asgi import ThreadsHandler, application

Messages = list[dict[str, Any]]
closed = threading.Event()


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"more"
        await asyncio.sleep(0.01)


def stream(request: HttpRequest) -> HttpResponseBase:
    response = StreamingHttpResponse(endless())
    response._resource_closers.append(closed.set)
    return response


def broken_off(request: HttpRequest) -> HttpResponseBase:
    async def parts() -> AsyncIterator[bytes]:
        yield b"some"
        raise OSError("the disk is gone")

    return StreamingHttpResponse(parts())


def pieces(request: HttpRequest) -> HttpResponseBase:
    return StreamingHttpResponse(iter([b"a", b"b"]))


def who(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse(threading.current_thread().name)


urlpatterns = [path(f"{view.__name__}/", view) for view in (stream, broken_off, pieces, who)]


@pytest.fixture
def handler(settings, monkeypatch) -> Iterator[ThreadsHandler]:
    """With one thread of its own."""
    settings.ROOT_URLCONF, settings.MIDDLEWARE = __name__, []
    with ThreadPoolExecutor(1, "one") as threads:
        monkeypatch.setattr("studio.asgi._threads", threads)
        yield ThreadsHandler()
        threads.submit(connections.close_all)


async def call(handler: Any, address: str, enough: int = 10**9) -> Messages:
    """What is sent; the client goes away after `enough` messages."""
    sent: Messages = []
    gone = asyncio.Event()
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in asked:
            return message
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if len(sent) >= enough:
            gone.set()

    scope = {
        "type": "http",
        "method": "GET",
        "path": address,
        "query_string": b"",
        "headers": [(b"host", b"testserver")],
        "server": ("testserver", 80),
    }
    await handler(scope, receive, send)
    return sent


def body(sent: Messages) -> bytes:
    return b"".join(message.get("body", b"") for message in sent)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("age", "connections_opened"), [(60, 1), (0, 3)])
def test_a_thread_keeps_its_connection_as_long_as_settings_say(handler, monkeypatch, age, connections_opened):
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", age)
    opened: list[object] = []

    def note(**about: object) -> None:
        opened.append(about["connection"])

    async def several() -> list[bytes]:
        return [body(await call(handler, "/who/")) for _ in range(3)]

    connection_created.connect(note)
    try:
        assert asyncio.run(several()) == [b"one_0"] * 3
    finally:
        connection_created.disconnect(note)
    assert len(opened) == connections_opened


def test_a_stream_ends_when_nobody_listens(handler):
    closed.clear()
    sent = asyncio.run(asyncio.wait_for(call(handler, "/stream/", enough=4), 10))
    assert body(sent).startswith(b"moremore")
    assert closed.is_set()


def test_an_iterator_is_sent_whole(handler):
    assert body(asyncio.run(call(handler, "/pieces/"))) == b"ab"


def test_a_stream_that_breaks_off_is_an_error_of_the_server(handler):
    with pytest.raises(OSError, match="the disk is gone"):
        asyncio.run(call(handler, "/broken_off/"))


def test_files_of_pages_are_sent(db):
    sent = asyncio.run(call(application, "/static/js/theme.js"))
    assert sent[0]["status"] == 200
    assert b"theme" in body(sent)
