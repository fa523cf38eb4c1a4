"""Bodies of transfers past Django, which would keep each whole before a view sees it, and lose it when it is cut.

Django is asked first, with an empty body: it signs in, checks the CSRF token and says whether the bytes are welcome.
Then they are streamed to the file in pieces; whatever has come when the connection breaks is kept.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from datasets.transfers.appending import Appending
from datasets.transfers.holders import holding
from datasets.transfers.incoming import CutError, Incoming, Receive
from datasets.transfers.protocol import CONTENT_TYPE, VERSION, TransferError, read_checksum
from vision.errors import UserError

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
T = TypeVar("T")

logger = logging.getLogger(__name__)
_ROOT = re.compile(r"/api/v1/transfers/?")
_ONE = re.compile(r"/api/v1/transfers/([0-9a-f-]{36})/?")
_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="transfers")


@dataclass
class _Answer:
    status: int
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str:
        return _find_header(self.headers, name)

    def with_offset(self, offset: int, is_whole: bool) -> _Answer:
        stale = {b"upload-offset", b"upload-expires"} if is_whole else {b"upload-offset"}
        kept = [(key, value) for key, value in self.headers if key.lower() not in stale]
        return _Answer(self.status, [*kept, (b"Upload-Offset", str(offset).encode())], self.body)


def with_transfers(application: Application) -> Application:
    """The application with the bodies of transfers taken out before it."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if not _brings_bytes(scope):
            await application(scope, receive, send)
            return
        with Incoming(receive) as incoming:
            welcome = await _ask(application, scope)
            place = _place(scope, welcome)
            answer = await _take(scope, incoming, welcome, *place) if place else welcome
        if answer is not None:
            await _send(send, answer)

    return dispatch


def _brings_bytes(scope: Scope) -> bool:
    if scope["type"] != "http" or _find_header(scope["headers"], "content-type") != CONTENT_TYPE:
        return False
    pattern = {"PATCH": _ONE, "POST": _ROOT}.get(scope["method"])
    return pattern is not None and pattern.fullmatch(scope["path"]) is not None


async def _ask(application: Application, scope: Scope) -> _Answer:
    """What Django answers to the same request without its body."""
    left_out = (b"content-length", b"transfer-encoding")
    headers = [(key, value) for key, value in scope["headers"] if key.lower() not in left_out]
    answer = _Answer(500)
    asked = False

    async def receive() -> MutableMapping[str, Any]:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()  # Django listens for a disconnect until it has answered
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], list(message.get("headers", []))
        else:
            answer.body += message.get("body", b"")

    await application({**scope, "headers": headers}, receive, send)
    return answer


def _place(scope: Scope, answer: _Answer) -> tuple[UUID, int] | None:
    """Which file the bytes are for and from where on; None where the answer stands as it is."""
    created = scope["method"] == "POST" and answer.status == 201
    if not created and answer.status != 204:
        return None
    match = _ONE.search(answer.header("location") if created else scope["path"])
    offset = int(answer.header("upload-offset"))
    # A file that was announced before and has come in part: the client reads the offset and goes on from there
    return (UUID(match[1]), offset) if match and not (created and offset) else None


async def _take(scope: Scope, incoming: Incoming, answer: _Answer, transfer_id: UUID, offset: int) -> _Answer | None:
    """Stream the body to its file; None where nobody is left to be answered."""
    try:
        checksum = read_checksum(_find_header(scope["headers"], "upload-checksum"))
        appending = await _in_thread(Appending, transfer_id, offset, checksum)
    except UserError as error:
        return _refuse(error)
    try:
        with holding(transfer_id, incoming):
            offset = await _append(appending, scope, incoming)
        return answer.with_offset(offset, appending.room == 0)
    except CutError:
        return None
    except UserError as error:
        return _refuse(error)
    except OSError as error:
        logger.exception("Transfer %s stopped", transfer_id)
        message = f"The server could not write: {error.strerror}."
        return _refuse(TransferError(message, hint="Free space on its disk.", code="no_space", status=507))


async def _append(appending: Appending, scope: Scope, incoming: Incoming) -> int:
    is_whole = False
    try:
        _check_length(scope, appending)
        while data := await incoming.take():
            await _in_thread(appending.write, data)
        is_whole = True
    finally:
        offset = await _in_thread(appending.finish, is_whole)
    return offset


def _check_length(scope: Scope, appending: Appending) -> None:
    length = _find_header(scope["headers"], "content-length")
    if length.isdecimal() and int(length) > appending.room:
        raise TransferError(f"Only {appending.room} bytes of this file are missing.", code="too_large", status=413)


def _in_thread(function: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
    """A call that is made to its end even if the request is cancelled."""
    return asyncio.shield(asyncio.get_running_loop().run_in_executor(_threads, function, *arguments))


def _refuse(error: UserError) -> _Answer:
    headers = [(b"content-type", b"application/json"), (b"tus-resumable", VERSION.encode())]
    return _Answer(error.status, headers, json.dumps({"error": error.to_dict()}).encode())


def _find_header(headers: Any, name: str) -> str:
    wanted = name.encode()
    return next((value.decode("latin-1") for key, value in headers if key.lower() == wanted), "")


async def _send(send: Send, answer: _Answer) -> None:
    headers = [(key, value) for key, value in answer.headers if key.lower() != b"content-length"]
    if answer.status != 204:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
