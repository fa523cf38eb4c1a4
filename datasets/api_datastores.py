"""REST: `/api/v1/datastores`. For administrators."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from ninja.errors import HttpError

from datasets.http import acting_user, paginate
from datasets.models import Datastore
from datasets.services.datastores import create_datastore, get_datastore, read_datastore

router = Router(tags=["datastores"])
Body = dict[str, Any]


class NewDatastore(Schema):
    """`location` is a folder of the server or an fsspec address; `prefix` a beginning of addresses that lead there."""

    name: str
    location: str
    prefix: str = ""


@router.get("", response=Body, summary="Where azureml://…/datastores/<name>/paths/… leads")
def index(request: HttpRequest) -> Body:
    _check_administrator(request)
    return paginate(map(_to_dict, Datastore.objects.all()))


@router.post("", response={201: Body}, summary="Add a datastore")
def create(request: HttpRequest, given: NewDatastore) -> Status[Body]:
    _check_administrator(request)
    return Status(201, _to_dict(create_datastore(given.name, given.location, acting_user(request), given.prefix)))


@router.post("/{name}/test", response=Body, summary="See whether it can be read")
def test(request: HttpRequest, name: str) -> Body:
    _check_administrator(request)
    return {"can_read": True, "names": read_datastore(get_datastore(name))}


@router.delete("/{name}", response={204: None}, summary="Remove a datastore; what it leads to stays")
def delete(request: HttpRequest, name: str) -> Status[None]:
    _check_administrator(request)
    get_datastore(name).delete()
    return Status(204, None)


def _check_administrator(request: HttpRequest) -> None:
    user = acting_user(request)
    if user is None or not user.is_staff:
        raise HttpError(403, "Datastores are for administrators.")


def _to_dict(datastore: Datastore) -> Body:
    return {key: getattr(datastore, key) for key in ("name", "prefix", "location", "created_at")}
