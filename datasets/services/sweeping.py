"""Removing stored images without ever taking one from an import that counts on it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator
from itertools import islice

from datasets import selectors, storage
from datasets.journals import Journal, list_journals
from datasets.models import DatasetVersion
from vision.data.differences import list_unnamed

_IMPORTING, _READY = DatasetVersion.Status.IMPORTING, DatasetVersion.Status.READY
_BATCH = 500
_TRASH = "trash"
_ABANDONED_SECONDS = 600.0


def sweep_journals() -> None:
    """Remove the images that ended imports of this machine left behind and no version names.

    Put off while an import runs: it may count on them.
    """
    for journal in list_journals():
        with journal.hold() as is_mine:
            if is_mine and _is_done_with(journal):
                journal.remove()


def remove_images(hashes: Iterable[str]) -> bool:
    """Remove images and their thumbnails, as long as no import runs; False where one does, and the rest is left.

    An import counts on an image that it has seen in storage. So each is moved aside first and removed only if no
    import has begun by then; if one has, it is moved back: whoever begins later does not see it.
    """
    newest = _find_newest()
    if _is_importing():
        return False
    remaining = iter(hashes)
    while batch := list(islice(remaining, _BATCH)):
        aside = f"{_TRASH}/{int(time.time())}-{uuid.uuid4().hex}"
        _move_aside(batch, aside)
        if _find_newest() != newest or _is_importing():
            _move_back(aside)
            return False
        storage.delete_folder(aside)
    return True


def recover_trash() -> None:
    """Put back what lay aside when a process died."""
    for name in storage.list_folders(_TRASH):
        began = name.partition("-")[0]
        if not began.isdecimal() or time.time() - int(began) > _ABANDONED_SECONDS:
            _move_back(f"{_TRASH}/{name}")


def _is_done_with(journal: Journal) -> bool:
    """Whether nothing of it is left to sweep: swept now, or all of it shown by the version that became ready."""
    mine = DatasetVersion.objects.filter(pk=journal.version_id, token=journal.token)
    status = mine.values_list("status", flat=True).first()
    return status == _READY or (status != _IMPORTING and remove_images(_list_left(journal)))


def _list_left(journal: Journal) -> Iterator[str]:
    ready = DatasetVersion.objects.filter(status=_READY).exclude(manifest_key="").select_related("dataset")
    yield from list_unnamed(journal.path, [selectors.manifest_path(version) for version in ready])


def _is_importing() -> bool:
    return DatasetVersion.objects.filter(status=_IMPORTING).exists()


def _find_newest() -> int:
    """The newest version's key: every import has one of its own, whatever becomes of it."""
    newest = DatasetVersion.with_deleted.order_by("-pk").values_list("pk", flat=True).first()
    return newest or 0


def _move_aside(hashes: Iterable[str], aside: str) -> None:
    for sha256 in hashes:
        for key in (storage.blob_key(sha256), storage.thumb_key(sha256)):
            storage.move_file(key, f"{aside}/{key}")


def _move_back(aside: str) -> None:
    for key in storage.list_files(aside):
        storage.move_file(f"{aside}/{key}", key)
    storage.delete_folder(aside)
