"""Sending a stored file without gathering it in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import IO

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

_CHUNK = 1 << 20


def send_file(request: HttpRequest, file: IO[bytes], name: str) -> StreamingHttpResponse:
    """The file as a download. Under ASGI Django would gather a sync iterator before the first byte."""
    content = _read_async(file) if isinstance(request, ASGIRequest) else _read(file)
    response = StreamingHttpResponse(content, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _read(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


async def _read_async(file: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        while chunk := await sync_to_async(file.read, thread_sensitive=False)(_CHUNK):
            yield chunk
    finally:
        await sync_to_async(file.close, thread_sensitive=False)()
