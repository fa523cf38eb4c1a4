"""What differs between two versions. Both never change, so neither does the answer: it is kept on disk."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from datasets import selectors
from datasets.models import DatasetVersion
from vision.data.differences import ChangePage, Changes, count_changes, list_changes, write_changes

_FIRST, _MOST = 60, 500
_KEPT_SECONDS = 7 * 24 * 3600


def count_version_changes(old: DatasetVersion, new: DatasetVersion) -> Changes:
    """How many images differ between two versions.

    Raises:
        ConflictError: one of them is not ready.
    """
    return count_changes(_find_changes(old, new))


def list_version_changes(
    old: DatasetVersion, new: DatasetVersion, *, kind: str = "", cursor: str | None = None, limit: int = _FIRST
) -> ChangePage:
    """A page of the images that differ between two versions.

    Raises:
        ConflictError: one of them is not ready.
        NotFoundError: an unknown kind, or a cursor that is none of ours.
    """
    changes = _find_changes(old, new)
    limit = max(1, min(limit, _MOST))
    paths = selectors.manifest_path(old), selectors.manifest_path(new)
    return list_changes(changes, *paths, kind=kind, cursor=cursor, limit=limit)


def known_changes(old: DatasetVersion, new: DatasetVersion) -> Changes | None:
    """The counts where they are known already, else None."""
    path = _path(old, new)
    return count_changes(path) if path.exists() else None


def find_base(version: DatasetVersion, others: Sequence[DatasetVersion]) -> DatasetVersion | None:
    """The version that one is compared with: the one it was made from, else the newest ready one before it."""
    parent = version.origin.get("parent")
    before = [other for other in others if other.number < version.number and other.is_ready]
    return next((other for other in before if other.number == parent), None) or max(
        before, key=lambda other: other.number, default=None
    )


def prune_changes() -> None:
    """Remove what was compared a week ago."""
    oldest = time.time() - _KEPT_SECONDS
    for path in _folder().glob("*.parquet"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def _find_changes(old: DatasetVersion, new: DatasetVersion) -> Path:
    path = _path(old, new)
    if not path.exists():
        write_changes(selectors.manifest_path(old), selectors.manifest_path(new), path)
    return path


def _path(old: DatasetVersion, new: DatasetVersion) -> Path:
    return _folder() / f"{old.pk}-{new.pk}-{(old.token or '')!s:.8}-{(new.token or '')!s:.8}.parquet"


def _folder() -> Path:
    return Path(settings.STUDIO_HOME) / "cache" / "changes"
