"""The gateway's short cut: JSON scoring requests are answered before Django's middleware.

Each middleware that is not asynchronous costs a change of thread; a dozen of them cost more than a small model's
forward pass. Scoring needs no session, no CSRF check and no template, so it goes past them. Everything else, and
multipart scoring, is passed on untouched.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from django.conf import settings

from endpoints.gateway.score import DEPLOYMENT_HEADER, Answer, ScoringError, bearer_key, score_request

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_PATH = re.compile(r"(?:/api/v1)?/endpoints/([A-Za-z0-9-]{1,64})/score/?")


def with_scoring(application: Application) -> Application:
    """The application with JSON scoring requests taken out before it."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        name = _endpoint_name(scope)
        if name is None:
            await application(scope, receive, send)
            return
        await _send(send, await _score(name, scope, receive))

    return dispatch


def _endpoint_name(scope: Scope) -> str | None:
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    match = _PATH.fullmatch(scope["path"])
    if match is None or _header(scope, "content-type").startswith("multipart/"):
        return None
    return match[1]


async def _score(name: str, scope: Scope, receive: Receive) -> Answer:
    body = await _read_body(receive, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    if body is None:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE >> 20
        error = ScoringError(f"The request is larger than {limit} MiB.", hint="Send fewer images at once.")
        error.code, error.status = "too_large", 413
        return Answer.from_error(error)
    key = bearer_key(_header(scope, "authorization"))
    return await score_request(name, body, key=key, deployment=_header(scope, DEPLOYMENT_HEADER) or None)


async def _read_body(receive: Receive, limit: int) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        part = message.get("body", b"")
        size += len(part)
        if size <= limit:
            parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts) if size <= limit else None


def _header(scope: Mapping[str, Any], name: str) -> str:
    wanted = name.encode()
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == wanted), "")


async def _send(send: Send, answer: Answer) -> None:
    headers = [(key.encode(), value.encode("latin-1")) for key, value in answer.headers.items()]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    headers.append((b"x-content-type-options", b"nosniff"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
