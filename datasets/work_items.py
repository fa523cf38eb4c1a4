"""What the queue calls."""

from __future__ import annotations

from datasets.services import import_version
from datasets.services import make_export as write_export
from datasets.services.embedding import embed_version


def import_dataset_version(version_id: int, token: str) -> None:
    import_version(version_id, token)


def make_export(export_id: str, token: str) -> None:
    write_export(export_id, token)


def embed_dataset_version(version_id: int, token: str) -> None:
    embed_version(version_id, token)
