"""A tus client in a few lines, against the real ASGI application or a running server."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import httpx

ROOT = "/api/v1/transfers"
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}


def creation(size: int, path: str = "a.bin", **metadata: str) -> dict[str, str]:
    """Headers that announce a file."""
    pairs = {"filename": path.rpartition("/")[2], "relativePath": path, **metadata}
    words = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())
    return {**TUS, "Upload-Length": str(size), "Upload-Metadata": words}


def checksum(data: bytes) -> dict[str, str]:
    return {"Upload-Checksum": "sha256 " + base64.b64encode(hashlib.sha256(data).digest()).decode()}


def at(offset: int) -> dict[str, str]:
    return {**BYTES, "Upload-Offset": str(offset)}


def run(act: Callable[[httpx.AsyncClient], Any], token: str) -> Any:
    """Run one coroutine function with a client of the whole application."""
    from studio.asgi import application

    async def inside() -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers) as client:
            return await act(client)

    return asyncio.run(inside())


def call_cut(path: str, headers: dict[str, str], pieces: Iterable[bytes]) -> list[dict[str, Any]]:
    """A PATCH whose connection breaks after `pieces`; what the server would have sent."""
    from studio.asgi import application

    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append({"type": "http.disconnect"})
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "PATCH",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "root_path": "",
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "headers": [(key.lower().encode(), value.encode()) for key, value in headers.items()],
    }
    asyncio.run(application(scope, receive, send))
    return sent
