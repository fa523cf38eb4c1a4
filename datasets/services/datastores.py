"""Datastores: addresses of a cloud that lead to a place this server may read."""

from __future__ import annotations

import re
from itertools import islice

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from datasets.allowed import check_path, check_url, is_plain_address
from datasets.models import Datastore
from datasets.sources import peek
from vision.errors import ConflictError, Detail, InvalidDatasetError, NotFoundError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_SHOWN = 5


def create_datastore(name: str, location: str, user: User | None, prefix: str = "") -> Datastore:
    """Let `azureml://…/datastores/<name>/paths/<p>`, and what begins with `prefix`, lead to `location`.

    Raises:
        InvalidDatasetError: a bad name or prefix, or a location that is not allowed or not there.
        ConflictError: there is one of that name.
    """
    name, location, prefix = name.strip(), location.strip().rstrip("/") or "/", prefix.strip()
    if not _NAME.fullmatch(name):
        hint = "Use up to 100 letters, digits, '-' and '_', as in datastores/<name>/paths."
        raise _wrong("name", f"{name[:100]!r} cannot name a datastore.", hint)
    if prefix and (len(prefix) > 500 or "?" in prefix or not is_plain_address(prefix)):
        hint = "Such as wasbs://photos@plant.blob.core.windows.net/ or https://plant.example/photos/."
        raise _wrong("prefix", f"{prefix[:100]!r} is not the beginning of an address.", hint)
    _check_location(location)
    try:
        with transaction.atomic():
            return Datastore.objects.create(name=name, prefix=prefix, location=location, created_by=user)
    except IntegrityError:
        raise ConflictError(f"There is a datastore {name!r} already.", hint="Remove it first.") from None


def get_datastore(name: str) -> Datastore:
    """Raises: NotFoundError: no such datastore."""
    datastore = Datastore.objects.filter(name=name).first()
    if datastore is None:
        raise NotFoundError(f"There is no datastore {name[:100]!r}.", hint="The Datastores page lists them.")
    return datastore


def read_datastore(datastore: Datastore) -> list[str]:
    """The first few names in it, to see that it can be read; none where a list cannot be had or nothing is there.

    Raises:
        InvalidDatasetError: it cannot be read.
    """
    if not datastore.location.startswith("/"):
        return peek(check_url(datastore.location), _SHOWN)
    path = check_path(datastore.location)
    try:
        return [entry.name for entry in islice(path.iterdir(), _SHOWN)]
    except OSError as error:
        raise InvalidDatasetError(
            f"{path} cannot be read: {error.strerror}.", hint="Give Darkroom's user the right to read it."
        ) from error


def _check_location(location: str) -> None:
    if not location.startswith("/"):
        check_url(f"{location}/")
    elif not check_path(location).is_dir():
        raise _wrong("location", f"{location} is not a folder.", "Name the folder the images lie in.")


def _wrong(field: str, message: str, hint: str) -> InvalidDatasetError:
    return InvalidDatasetError(message, hint=hint, code="invalid_datastore", details=[Detail(message, path=field)])
