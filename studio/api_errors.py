"""Every error of the REST API in one shape: `{"error": {"code", "message", "hint", "details"}}`."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from vision.errors import Detail, InternalError, InvalidDocumentError, UserError

logger = logging.getLogger(__name__)


def add_error_handlers(api: NinjaAPI) -> None:
    """Give the API its answers to every kind of exception."""

    def answer(request: HttpRequest, status: int, error: dict[str, Any]) -> HttpResponse:
        return api.create_response(request, {"error": error}, status=status)

    def on_user_error(request: HttpRequest, error: Any) -> HttpResponse:
        return answer(request, error.status, error.to_dict())

    def on_validation(request: HttpRequest, error: Any) -> HttpResponse:
        details = [Detail(str(entry.get("msg", "invalid")), path=_place(entry)) for entry in error.errors]
        return on_user_error(request, InvalidDocumentError("The request is not valid.", details=details))

    def on_too_big(request: HttpRequest, error: Any) -> HttpResponse:
        return answer(request, 413, _plain("too_large", "The request body is too large."))

    def on_no_auth(request: HttpRequest, error: Any) -> HttpResponse:
        hint = "Send Authorization: Bearer <token>; the token is in STUDIO_HOME/admin-token, or sign in."
        response = answer(request, 401, _plain("unauthorized", "A valid token is needed.", hint))
        response["WWW-Authenticate"] = "Bearer"
        return response

    def on_not_found(request: HttpRequest, error: Any) -> HttpResponse:
        return answer(request, 404, _plain("not_found", "There is nothing at this address."))

    def on_http_error(request: HttpRequest, error: Any) -> HttpResponse:
        return answer(request, error.status_code, _plain("http_error", str(error)))

    def on_fault(request: HttpRequest, error: Any) -> HttpResponse:
        reference = secrets.token_hex(4)
        logger.error("%s %s failed, reference %s", request.method, request.path, reference, exc_info=error)
        ours = error if isinstance(error, InternalError) else InternalError("Something went wrong inside Darkroom.")
        hint = f"Look for reference {reference} in STUDIO_HOME/logs/web.log."
        return answer(request, 500, {**ours.to_dict(), "hint": hint, "reference": reference})

    api.add_exception_handler(UserError, on_user_error)
    api.add_exception_handler(ValidationError, on_validation)
    api.add_exception_handler(RequestDataTooBig, on_too_big)
    api.add_exception_handler(AuthenticationError, on_no_auth)
    api.add_exception_handler(Http404, on_not_found)
    api.add_exception_handler(HttpError, on_http_error)
    api.add_exception_handler(Exception, on_fault)


def _place(entry: dict[str, Any]) -> str:
    return ".".join(str(part) for part in entry.get("loc", ()))


def _plain(code: str, message: str, hint: str = "") -> dict[str, Any]:
    return {"code": code, "message": message, "hint": hint, "details": []}
