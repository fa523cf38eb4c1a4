"""Endpoints: making, keys, traffic, deleting."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from endpoints.models import Endpoint
from vision.errors import ConflictError, Detail, InvalidDocumentError
from vision.spec.endpoint import check_traffic, parse_endpoint

MOST_MIRRORED = 50
_KEYS = {"primary": "primary_key", "secondary": "secondary_key"}


_RESERVED = {"new"}  # the wizard's own address


def create_endpoint(document: str | bytes | dict[str, Any], *, user: User | None) -> Endpoint:
    """An endpoint without deployments, with two fresh keys.

    Raises:
        InvalidDocumentError: a document that breaks the endpoint schema, or traffic to deployments not there yet.
        ConflictError: the name is taken.
    """
    parsed = parse_endpoint(document)
    check_traffic(parsed.traffic, [])
    if parsed.name.lower() in _RESERVED:
        detail = Detail("is the address of the deploy page", path="name")
        raise InvalidDocumentError(f"An endpoint cannot be named {parsed.name!r}.", details=[detail])
    _check_auth_mode(parsed.auth_mode)
    try:
        with transaction.atomic():
            return Endpoint.objects.create(
                name=parsed.name,
                auth_mode=parsed.auth_mode,
                description=parsed.description,
                tags=parsed.tags,
                primary_key=new_key(),
                secondary_key=new_key(),
                created_by=user,
            )
    except IntegrityError:
        raise ConflictError(
            f"There is already an endpoint named {parsed.name!r}.", hint="Choose another name, or deploy to that one."
        ) from None


def update_endpoint(endpoint: Endpoint, changes: Mapping[str, Any]) -> Endpoint:
    """Apply the given ones of `traffic`, `mirror_traffic`, `description` and `tags`."""
    known = {"traffic", "mirror_traffic", "description", "tags", "name", "$schema"}
    unknown = sorted(set(changes) - known)
    if unknown or changes.get("name", endpoint.name) != endpoint.name:
        field = unknown[0] if unknown else "name"
        raise InvalidDocumentError(
            f"{field} of an endpoint cannot be changed.",
            hint="traffic, mirror_traffic, description and tags can.",
            details=[Detail("cannot be changed", path=field)],
        )
    with transaction.atomic():
        locked = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        if "traffic" in changes or "mirror_traffic" in changes:
            traffic = changes.get("traffic", locked.traffic)
            _set_traffic(locked, traffic, changes.get("mirror_traffic", locked.mirror_traffic))
        if "description" in changes:
            locked.description = str(changes["description"] or "")
        if "tags" in changes:
            locked.tags = dict(changes["tags"] or {})
        locked.save()
    return locked


def update_traffic(endpoint: Endpoint, traffic: Mapping[str, int]) -> Endpoint:
    """Share the traffic out anew: per cent by deployment, in all 0 or 100."""
    return update_endpoint(endpoint, {"traffic": traffic})


def regenerate_keys(endpoint: Endpoint, key_type: str) -> Endpoint:
    """Replace the `primary` or the `secondary` key; the old one stops working within a second."""
    field = _KEYS.get(key_type.lower())
    if field is None:
        raise InvalidDocumentError(
            f"There is no key {key_type!r}.",
            hint="key_type: Primary or Secondary",
            details=[Detail("Primary or Secondary", path="key_type")],
        )
    setattr(endpoint, field, new_key())
    endpoint.save(update_fields=[field])
    return endpoint


def delete_endpoint(endpoint: Endpoint) -> None:
    """Remove the endpoint with all its deployments; the agents stop their model servers."""
    endpoint.delete()


def new_key() -> str:
    return secrets.token_urlsafe(32)


def _set_traffic(endpoint: Endpoint, traffic: Any, mirror: Any) -> None:
    names = [deployment.name for deployment in endpoint.deployments.all()]
    if not isinstance(traffic, dict):
        detail = Detail("a map of deployments to per cents is wanted", path="traffic")
        raise InvalidDocumentError("traffic is no map.", hint="traffic: {blue: 90, green: 10}", details=[detail])
    check_traffic(traffic, names)
    shares = {name: int(share) for name, share in traffic.items()}
    _check_mirror(mirror or {}, shares, names)
    endpoint.traffic = {name: share for name, share in shares.items() if share}
    endpoint.mirror_traffic = dict(mirror or {})


def _check_mirror(mirror: Any, traffic: Mapping[str, int], names: list[str]) -> None:
    problem = _mirror_problem(mirror, traffic, names)
    if problem:
        raise InvalidDocumentError(
            f"mirror_traffic: {problem}",
            hint="One deployment without live traffic, 0–50 %: {green: 10}",
            details=[Detail(problem, path="mirror_traffic")],
        )


def _mirror_problem(mirror: Any, traffic: Mapping[str, int], names: list[str]) -> str:
    if not isinstance(mirror, dict):
        return "a map of one deployment to a per cent is wanted"
    if len(mirror) > 1:
        return "only one deployment can be mirrored to"
    for name, share in mirror.items():
        if name not in names:
            return f"there is no deployment {name!r}"
        if not isinstance(share, int) or isinstance(share, bool) or not 0 <= share <= MOST_MIRRORED:
            return f"{share!r} is no whole per cent from 0 to {MOST_MIRRORED}"
        if traffic.get(name):
            return f"{name!r} has live traffic already"
    return ""


def _check_auth_mode(auth_mode: str) -> None:
    if auth_mode not in Endpoint.AuthMode.values:
        raise InvalidDocumentError(
            f"auth_mode {auth_mode!r} needs Azure's directory, which is not here.",
            hint=f"Use {' or '.join(Endpoint.AuthMode.values)}.",
            details=[Detail("key or aml_token", path="auth_mode")],
        )
