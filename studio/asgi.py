"""The web process: scoring and uploads go past Django, all else through it."""

from __future__ import annotations

import os
from typing import Any

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")


class OneThreadHandler(ASGIHandler):
    """Middleware and view of a request run in its thread at one go.

    Django's own handler changes between the event loop and the thread around each middleware: on a page of thumbnails
    that takes longer than all the rest. Views and middleware here are synchronous; answers may still be streamed.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)


django.setup(set_prefix=False)
_django: Any = OneThreadHandler()

from datasets.transfers.asgi import with_transfers  # noqa: E402  needs the apps loaded
from endpoints.gateway.asgi import with_scoring  # noqa: E402

application = with_scoring(with_transfers(_django))
