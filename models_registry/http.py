"""Answers that carry a model's bytes, and who is asking."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import wraps
from typing import IO, Concatenate, ParamSpec, cast

from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse

from models_registry import selectors
from models_registry.archive import stream_zip
from models_registry.models import ModelVersion
from vision.errors import NotFoundError

_CHUNK = 1 << 20
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def page(view: View[P]) -> View[P]:
    """A page view whose NotFoundError becomes the not-found page."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except NotFoundError as error:
            raise Http404(str(error)) from error

    return cast(View[P], wrapped)


def download_response(request: HttpRequest, version: ModelVersion) -> StreamingHttpResponse:
    """The version as a streamed zip."""
    name = f"{version.model.name}-{version.number}.zip"
    return _stream(request, stream_zip(version.storage_key), name, "application/zip")


def file_response(request: HttpRequest, version: ModelVersion, path: str) -> StreamingHttpResponse:
    """One file of the version, always as a download."""
    chunks = _read_chunks(selectors.open_file(version, path))
    return _stream(request, chunks, path.rsplit("/", 1)[-1], "application/octet-stream")


def acting_user(request: HttpRequest) -> User | None:
    """Who asks: by bearer token (ninja's `request.auth`) or by session."""
    by_token = getattr(request, "auth", None)
    if isinstance(by_token, User):
        return by_token
    return request.user if request.user.is_authenticated else None


def _stream(request: HttpRequest, chunks: Iterator[bytes], name: str, content_type: str) -> StreamingHttpResponse:
    # Under ASGI Django gathers a sync iterator in memory before it sends the first byte: give it an async one.
    content = _iterate_async(chunks) if isinstance(request, ASGIRequest) else chunks
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(content, content_type=content_type, headers=headers)


async def _iterate_async(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    following = sync_to_async(lambda: next(chunks, None), thread_sensitive=False)
    while (chunk := await following()) is not None:
        yield chunk


def _read_chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
