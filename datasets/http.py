"""What every app's REST file shares: reading a document, shaping a list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from vision.errors import InvalidDocumentError
from vision.spec.documents import load_document


def read_document(request: HttpRequest) -> dict[str, Any]:
    """The body as a mapping: JSON, or the Azure CLI's YAML (of which JSON is a part). No body is an empty mapping.

    Raises:
        InvalidDocumentError: not a mapping, not readable, or too large.
    """
    content_type = (request.content_type or "").lower()
    if content_type.startswith(("multipart/", "image/")):
        raise InvalidDocumentError(
            f"This address takes JSON or YAML, not {content_type}.",
            hint="Send the document as the body with Content-Type: application/json or application/yaml.",
        )
    try:
        body = request.body
    except RequestDataTooBig:
        raise InvalidDocumentError(
            "The document is too large.", hint="A document is a few kilobytes of text."
        ) from None
    return load_document(body) if body.strip() else {}


def paginate(items: Iterable[Any], next: str | None = None) -> dict[str, Any]:  # noqa: A002
    """The shape of every list: `{"items": [...], "next": cursor or null}`."""
    return {"items": list(items), "next": next}


def read_number(text: str | None, otherwise: int = 0, *, digits: int = 9) -> int:
    """A whole number of an address, not negative; `otherwise` where there is none of so many digits at most."""
    return int(text) if text and text.isdecimal() and len(text) <= digits else otherwise


def acting_user(request: HttpRequest) -> User | None:
    """Who asks: by bearer token (ninja's `request.auth`) or by session."""
    by_token = getattr(request, "auth", None)
    asking = by_token if isinstance(by_token, User) else request.user
    return asking if isinstance(asking, User) else None
