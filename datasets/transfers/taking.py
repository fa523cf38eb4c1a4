"""Files of a group that are whole become the upload of a version."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from contextlib import suppress

from django.contrib.auth.models import User

from datasets import storage
from datasets.models import Transfer
from datasets.transfers import part_files
from datasets.transfers.protocol import TransferError
from datasets.transfers.services import list_group
from vision.errors import ConflictError, InvalidDatasetError, NotFoundError


def get_whole_group(user: User | None, group: str) -> list[Transfer]:
    """The files of a group.

    Raises:
        NotFoundError: no such group of this user.
        ConflictError: some of them have not come whole.
    """
    try:
        transfers = list(list_group(user, uuid.UUID(group)))
    except ValueError:
        transfers = []
    if not transfers:
        raise NotFoundError(f"There are no files of the group {group[:50]!r}.", hint="Send them again.")
    missing = [transfer for transfer in transfers if transfer.completed_at is None]
    if missing:
        raise ConflictError(
            f"{len(missing):,} of {len(transfers):,} files have not come whole, such as {missing[0].path}.",
            hint="Go on with the upload, or give those files up.",
            code="transfers_incomplete",
        )
    return transfers


def link_into_storage(transfers: Sequence[Transfer], key: str) -> None:
    """Put each file below a storage key by its relative path; the bytes are not copied where storage is on this disk.

    Raises:
        InvalidDatasetError: a file and a folder have the same path.
        TransferError: a file is no longer there.
    """
    for transfer in transfers:
        try:
            _link(transfer, f"{key}/{transfer.path}")
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            message = f"{transfer.path} is a file and a folder at once."
            raise InvalidDatasetError(message, hint="Rename one of them.", code="hostile_entry") from error
        except FileNotFoundError:
            raise part_files.gone() from None


def let_go(transfers: Sequence[Transfer]) -> None:
    """Remove what the storage has now. What cannot be removed is left to the maintenance."""
    for transfer in transfers:
        with suppress(TransferError, OSError):
            part_files.remove(transfer.pk)


def _link(transfer: Transfer, key: str) -> None:
    source, target = part_files.part_path(transfer.pk), storage.local_path(key)
    if target is None:
        storage.put_file(source, key)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError as error:
        if isinstance(error, (FileExistsError, FileNotFoundError)):
            raise
        storage.put_file(source, key)  # another disk, or one without links
