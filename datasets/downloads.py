"""Sending a large file: never gathered in memory, and from where a broken download stopped."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import IO

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

_CHUNK = 1 << 20
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def send_file(
    request: HttpRequest, file: IO[bytes], size: int, name: str, *, etag: str, content_type: str = "application/zip"
) -> StreamingHttpResponse | HttpResponse:
    """The file as a download, or the range of it that is asked for. `etag` names its content, without quotes."""
    quoted = f'"{etag}"'
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": content_disposition_header(True, name) or "attachment",
        "ETag": quoted,
    }
    span = _read_range(request, size, quoted)
    if span is None:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, stop = span
    headers["Content-Length"] = str(stop - start)
    is_part = (start, stop) != (0, size)
    if is_part:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    # Under ASGI Django would gather a sync iterator before the first byte
    content = _read_async(file, span) if isinstance(request, ASGIRequest) else _read(file, span)
    return StreamingHttpResponse(content, status=206 if is_part else 200, content_type=content_type, headers=headers)


def _read_range(request: HttpRequest, size: int, etag: str) -> tuple[int, int] | None:
    """First byte and the one after the last; None where the range lies outside the file. Several ranges: all of it."""
    asked = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if asked is None or asked.groups() == ("", "") or request.headers.get("If-Range", etag) != etag:
        return 0, size
    first, last = asked.groups()
    if not first:
        return (max(0, size - int(last)), size) if int(last) else None
    start, stop = int(first), min(size, int(last) + 1 if last else size)
    return (start, stop) if start < stop else None


def _read(file: IO[bytes], span: tuple[int, int]) -> Iterator[bytes]:
    with file:
        file.seek(span[0])
        left = span[1] - span[0]
        while left and (chunk := file.read(min(_CHUNK, left))):
            left -= len(chunk)
            yield chunk


async def _read_async(file: IO[bytes], span: tuple[int, int]) -> AsyncIterator[bytes]:
    chunks = _read(file, span)
    following = sync_to_async(lambda: next(chunks, None), thread_sensitive=False)
    try:
        while (chunk := await following()) is not None:
            yield chunk
    finally:
        await sync_to_async(file.close, thread_sensitive=False)()
