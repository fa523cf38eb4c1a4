"""What the queue calls."""

from __future__ import annotations

from datasets.services import import_version


def import_dataset_version(version_id: int, token: str) -> None:
    import_version(version_id, token)
