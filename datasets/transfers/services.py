"""Announcing files, asking after them, giving them up."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum
from django.utils import timezone

from datasets.limits import get_limits
from datasets.models import Transfer
from datasets.transfers import part_files
from datasets.transfers.holders import release_silent
from datasets.transfers.paths import check_path
from datasets.transfers.protocol import NewFile, TransferError
from vision.errors import NotFoundError

KEPT_FOR = timedelta(days=7)
MOST_FILES = 200_000
"""Files in one group: more come as an archive."""
_EMPTY_SHA256 = hashlib.sha256().hexdigest()


@dataclass(frozen=True)
class Group:
    """Files that belong together, as far as they have come."""

    id: uuid.UUID
    files: int
    complete: int
    size: int
    offset: int
    first_path: str
    created_at: datetime
    updated_at: datetime

    @property
    def is_complete(self) -> bool:
        return self.files == self.complete

    @property
    def share(self) -> float:
        return self.offset / self.size if self.size else 1.0

    def to_dict(self) -> dict[str, Any]:
        """The group as the REST contract shows it."""
        shown = ("files", "complete", "size", "offset", "created_at", "updated_at")
        return {"group": str(self.id)} | {key: getattr(self, key) for key in shown}


def announce_files(user: User | None, group: str, files: Sequence[NewFile]) -> list[Transfer]:
    """Make room for files of a group; "" begins a new group. Safe to repeat: what has come of a file stays.

    A file of another size than before is begun again.

    Raises:
        TransferError: a path or size that cannot be, no room, files that are being sent with another size, or a group
            that was given up (410).
    """
    group_id = _read_group(group)
    found = _find_or_begin(user, group_id, files)
    # Looked at last: a group is marked before its files are listed and removed, so ours are listed or we see the mark
    if part_files.is_given_up(group_id):
        _remove_group(user, group_id)
        raise TransferError("This upload was given up.", hint="Begin a new one.", code="gone", status=410)
    return found


@transaction.atomic
def _find_or_begin(user: User | None, group_id: uuid.UUID, files: Sequence[NewFile]) -> list[Transfer]:
    sizes = {check_path(file.path): file.size for file in files}
    known = {transfer.path: transfer for transfer in _existing(user, group_id, list(sizes))}
    fresh = {path: size for path, size in sizes.items() if path not in known or known[path].size != size}
    _check_room(group_id, fresh)
    known |= {transfer.path: transfer for transfer in _begin(user, group_id, fresh)}
    return [known[path] for path in sizes]


def get_transfer(user: User | None, transfer_id: uuid.UUID) -> Transfer:
    """Raises: NotFoundError: no such transfer of this user. TransferError: it has expired (410)."""
    transfer = Transfer.objects.filter(pk=transfer_id, created_by=user).first()
    if transfer is None:
        raise NotFoundError("There is no such transfer.", hint="Begin it again.")
    if transfer.updated_at + KEPT_FOR < timezone.now():
        raise part_files.gone()
    return transfer


def take_over(user: User | None, transfer_id: uuid.UUID) -> Transfer:
    """As `get_transfer`, for who goes on with the file: one that fell silent has let go of it, its bytes counted."""
    transfer = get_transfer(user, transfer_id)
    if release_silent(transfer_id):
        transfer.refresh_from_db()
    return transfer


def list_group(user: User | None, group_id: uuid.UUID) -> QuerySet[Transfer]:
    """The files of a group by path; empty for one that is not the user's."""
    return Transfer.objects.filter(group=group_id, created_by=user).order_by("path")


def list_groups(user: User | None) -> list[Group]:
    """What a user has not made a dataset of yet, newest first."""
    rows = (
        Transfer.objects.filter(created_by=user, updated_at__gt=timezone.now() - KEPT_FOR)
        .values("group")
        .annotate(
            files=Count("id"),
            complete=Count("id", filter=Q(completed_at__isnull=False)),
            size=Sum("size"),
            received=Sum("offset"),
            first_path=Min("path"),
            began=Min("created_at"),
            changed=Max("updated_at"),
        )
        .order_by("-changed")
        .values_list("group", "files", "complete", "size", "received", "first_path", "began", "changed", named=False)
    )
    return [Group(*row) for row in rows]


def delete_transfer(transfer: Transfer) -> None:
    """Raises: TransferError: a request appends to it (423)."""
    part_files.remove(transfer.pk)
    transfer.delete()


def delete_group(user: User | None, group_id: uuid.UUID) -> int:
    """Give up the files of a group; answers how many there were. A request that comes late begins none of them anew.

    Raises:
        TransferError: a request appends to one of them (423).
    """
    if not list_group(user, group_id).exists():
        return 0
    part_files.give_up(group_id)
    return _remove_group(user, group_id)


def _remove_group(user: User | None, group_id: uuid.UUID) -> int:
    ids = list(list_group(user, group_id).values_list("pk", flat=True))
    for transfer_id in ids:
        part_files.remove(transfer_id)
    Transfer.objects.filter(group=group_id, created_by=user).delete()
    return len(ids)


def delete_expired() -> None:
    """Forget what nobody went on with, files that no transfer knows, and groups given up long ago."""
    limit = timezone.now() - KEPT_FOR
    for transfer in Transfer.objects.filter(updated_at__lt=limit).iterator():
        try:
            delete_transfer(transfer)
        except TransferError:  # someone has just gone on with it
            continue
    known = {f"{pk}.part" for pk in Transfer.objects.values_list("pk", flat=True).iterator()}
    hour_ago = timezone.now().timestamp() - 3600
    for path in part_files.folder().glob("*.part"):
        if path.name not in known and path.stat().st_mtime < hour_ago:
            path.unlink(missing_ok=True)
    part_files.forget_given_up(limit)


def expires_at(transfer: Transfer) -> datetime:
    return transfer.updated_at + KEPT_FOR


def transfer_to_dict(transfer: Transfer) -> dict[str, Any]:
    """A transfer as the REST contract shows it."""
    return {
        "id": str(transfer.pk),
        "group": str(transfer.group),
        "path": transfer.path,
        "size": transfer.size,
        "offset": transfer.offset,
        "sha256": transfer.sha256 or None,
        "completed_at": transfer.completed_at,
    }


def _read_group(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text) if text else uuid.uuid4()
    except ValueError:
        raise TransferError(f"The group {text[:50]!r} is no UUID.") from None


def _existing(user: User | None, group_id: uuid.UUID, paths: list[str]) -> list[Transfer]:
    ids = [_id_of(group_id, path) for path in paths]
    pages = (ids[start : start + 500] for start in range(0, len(ids), 500))
    found = [transfer for page in pages for transfer in Transfer.objects.filter(pk__in=page)]
    if any(transfer.created_by_id != (user.pk if user else None) for transfer in found):
        raise TransferError("This group is someone else's.", hint="Begin a new one.", code="conflict", status=409)
    return found


def _id_of(group_id: uuid.UUID, path: str) -> uuid.UUID:
    """One id for one file of a group: announcing it twice makes one transfer."""
    return uuid.uuid5(group_id, path)


def _check_room(group_id: uuid.UUID, fresh: dict[str, int]) -> None:
    if not fresh:
        return
    limits, most = get_limits(), max(fresh.values())
    if most > limits.max_unpacked_bytes:
        allowed = limits.max_unpacked_bytes / 1e9
        raise _too_large(f"A file has {most / 1e9:,.1f} GB; {allowed:,.0f} GB are allowed.", "Split it.")
    there = Transfer.objects.filter(group=group_id).aggregate(files=Count("id"))["files"]
    if there + len(fresh) > MOST_FILES:
        raise _too_large(f"These are more than {MOST_FILES:,} files.", "Pack them into an archive (zip or tar).")
    promised = Transfer.objects.filter(completed_at=None).aggregate(left=Sum(F("size") - F("offset")))["left"] or 0
    free = shutil.disk_usage(part_files.folder()).free - limits.keep_free_bytes - promised
    if sum(fresh.values()) > free:
        size, room = sum(fresh.values()) / 1e9, max(0, free) / 1e9
        raise _too_large(
            f"There is no room for {size:,.2f} GB: {room:,.2f} GB are free on the server's disk.",
            "Free space under STUDIO_HOME, or give up unfinished uploads.",
        )


def _too_large(message: str, hint: str) -> TransferError:
    return TransferError(message, hint=hint, code="too_large", status=413)


def _begin(user: User | None, group_id: uuid.UUID, sizes: dict[str, int]) -> list[Transfer]:
    now = timezone.now()
    begun = []
    for path, size in sizes.items():
        state = {"completed_at": now, "sha256": _EMPTY_SHA256} if size == 0 else {}
        transfer_id = _id_of(group_id, path)
        begun.append(Transfer(id=transfer_id, group=group_id, path=path, size=size, created_by=user, **state))
        part_files.create(transfer_id)
    Transfer.objects.filter(pk__in=[transfer.pk for transfer in begun]).delete()
    return Transfer.objects.bulk_create(begun)
