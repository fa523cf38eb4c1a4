"""The owner: the account behind the admin token."""

from __future__ import annotations

import hmac

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User

OWNER = "owner"


def get_owner() -> User:
    """The owner's account, made on first use."""
    owner, _ = get_user_model().objects.get_or_create(
        username=OWNER, defaults={"is_staff": True, "is_superuser": True, "password": "!"}
    )
    return owner


def check_token(token: str) -> User | None:
    """The owner for the admin token, None for anything else. Takes the same time however much of it is right."""
    if not hmac.compare_digest(token.encode(), settings.STUDIO_ADMIN_TOKEN.encode()):
        return None
    return get_owner()
