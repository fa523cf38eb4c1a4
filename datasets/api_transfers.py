"""REST: `/api/v1/transfers`, the tus protocol. Bodies of files never come here: `datasets.transfers.asgi` has them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema, Status

from datasets.http import acting_user, paginate
from datasets.limits import get_limits
from datasets.models import Transfer
from datasets.transfers import services
from datasets.transfers.appending import wrong_offset
from datasets.transfers.protocol import (
    CONTENT_TYPE,
    NewFile,
    TransferError,
    check_version,
    describe_server,
    describe_state,
    read_checksum,
    read_creation,
    read_number,
)

router = Router(tags=["transfers"])
Body = dict[str, Any]
_MOST_AT_ONCE = 1000


class AnnouncedFile(Schema):
    """One file that is to come."""

    path: str
    size: int


class Announcement(Schema):
    """Files of one group; without `group` they begin a new one."""

    group: str = ""
    files: list[AnnouncedFile]


@router.api_operation(["OPTIONS"], "", auth=None, include_in_schema=False)
def describe(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204, headers=describe_server(get_limits().max_unpacked_bytes))


@router.post("", response={201: None}, summary="Announce a file (tus: creation, creation-with-upload)")
def create(request: HttpRequest) -> HttpResponse:
    check_version(request.headers)
    read_checksum(request.headers.get("Upload-Checksum", ""))
    file = read_creation(request.headers)
    transfer = services.announce_files(acting_user(request), file.group, [file])[0]
    return _answer(transfer, 201, {"Location": request.build_absolute_uri(f"/api/v1/transfers/{transfer.pk}")})


@router.post("/batch", response=Body, summary="Announce up to 1,000 files of one group; safe to repeat")
def create_many(request: HttpRequest, announcement: Announcement) -> Body:
    files = announcement.files
    if not 0 < len(files) <= _MOST_AT_ONCE or any(file.size < 0 for file in files):
        raise TransferError(f"Announce 1 to {_MOST_AT_ONCE:,} files at once, with sizes from 0.")
    found = services.announce_files(
        acting_user(request), announcement.group, [NewFile(file.path, file.size) for file in files]
    )
    return paginate(map(services.transfer_to_dict, found)) | {"group": str(found[0].group)}


@router.get("", response=Body, summary="Groups of files that no dataset was made of yet; with `group`, its files")
def index(request: HttpRequest, group: UUID | None = None) -> Body:
    user = acting_user(request)
    if group is None:
        return paginate(found.to_dict() for found in services.list_groups(user))
    return paginate(map(services.transfer_to_dict, services.list_group(user, group)))


@router.delete("/groups/{group}", response={204: None}, summary="Give up the files of a group")
def delete_group(request: HttpRequest, group: UUID) -> Status[None]:
    services.delete_group(acting_user(request), group)
    return Status(204, None)


@router.get("/{transfer_id}", response=Body, summary="One file: how much has come, and its SHA-256 once it is whole")
def detail(request: HttpRequest, transfer_id: UUID) -> Body:
    return services.transfer_to_dict(services.get_transfer(acting_user(request), transfer_id))


@router.api_operation(["HEAD"], "/{transfer_id}", response={200: None}, summary="The offset to go on from (tus)")
def offset(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    check_version(request.headers)
    transfer = services.take_over(acting_user(request), transfer_id)
    return _answer(transfer, 200, {"Upload-Length": str(transfer.size)})


@router.patch("/{transfer_id}", response={204: None}, summary="Bytes from Upload-Offset on (tus; checksum: sha256)")
def append(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """Whether these bytes are welcome."""
    check_version(request.headers)
    if request.content_type != CONTENT_TYPE:
        raise TransferError(f"Send the bytes as Content-Type: {CONTENT_TYPE}.", code="content_type", status=415)
    read_checksum(request.headers.get("Upload-Checksum", ""))
    transfer = services.take_over(acting_user(request), transfer_id)
    if read_number(request.headers, "Upload-Offset") != transfer.offset:
        raise wrong_offset(transfer.offset)
    return _answer(transfer, 204)


@router.delete("/{transfer_id}", response={204: None}, summary="Give up a file (tus: termination)")
def delete(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    check_version(request.headers)
    services.delete_transfer(services.get_transfer(acting_user(request), transfer_id))
    return HttpResponse(status=204, headers={"Tus-Resumable": "1.0.0"})


def _answer(transfer: Transfer, status: int, more: dict[str, str] | None = None) -> HttpResponse:
    state = describe_state(transfer.offset, transfer.size, services.expires_at(transfer))
    return HttpResponse(status=status, headers=state | (more or {}))
