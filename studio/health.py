"""Is everything up that a job needs? The answer of `/healthz`, and what the launcher waits for."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connection
from redis import Redis
from redis.exceptions import RedisError

from jobs.models import Node


def check_health() -> dict[str, str]:
    """Each part with "ok" or what is wrong with it, in words."""
    return {"web": "ok", "database": _try(_database), "broker": _try(_broker), "agent": _try(_agent)}


def _try(check: Callable[[], str]) -> str:
    try:
        return check()
    except (DatabaseError, RedisError, OSError) as error:
        return f"does not answer: {error}"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _broker() -> str:
    with Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2) as broker:
        broker.ping()
    return "ok"


def _agent() -> str:
    return "ok" if any(node.is_alive for node in Node.objects.all()) else "no node agent has reported in"
