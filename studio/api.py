"""The root of the REST API: who may call, how errors look, where each app's part hangs."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.security import APIKeyCookie, HttpBearer

from datasets.api import router as datasets_router
from datasets.api_datastores import router as datastores_router
from datasets.api_transfers import router as transfers_router
from endpoints.api import router as endpoints_router
from jobs.api import router as jobs_router
from models_registry.api import router as models_router
from studio.accounts import check_token
from studio.api_errors import add_error_handlers
from studio.compute_api import compute_router


class AdminToken(HttpBearer):
    """`Authorization: Bearer <admin token>` acts as the owner."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        user = check_token(token)
        if user is not None:
            request.user = user
        return user


class SignedIn(APIKeyCookie):
    """The browser's session, with Django's CSRF check on everything that writes."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> object | None:
        # Who is not signed in is told so (401), not about a missing CSRF token.
        return super().__call__(request) if request.user.is_authenticated else None

    def authenticate(self, request: HttpRequest, key: str | None) -> object | None:
        return request.user


api = NinjaAPI(
    title="Darkroom",
    version="1",
    description="Everything the pages do. Bodies are JSON, or Azure CLI v2 YAML with Content-Type: application/yaml.",
    docs_url=None,
    openapi_url="/openapi.json",
    auth=[AdminToken(), SignedIn()],
)
add_error_handlers(api)
api.add_router("/datasets", datasets_router)
api.add_router("/datastores", datastores_router)
api.add_router("/transfers", transfers_router)
api.add_router("/jobs", jobs_router)
api.add_router("/models", models_router)
api.add_router("/online-endpoints", endpoints_router)
api.add_router("/compute", compute_router)
