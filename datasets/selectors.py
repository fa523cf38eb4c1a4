"""Reading datasets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.urls import reverse

from datasets import storage
from datasets.drawing import find_series
from datasets.models import Dataset, DatasetVersion
from vision.data.filtering import ALL_ROWS, RowFilter
from vision.data.finding_list import list_findings as read_findings
from vision.data.query import RowPage, list_labels, query_rows
from vision.errors import ConflictError, NotFoundError
from vision.spec.references import DatasetReference

_FIRST_ITEMS, _MOST_ITEMS = 60, 500
_PAGE_BYTES = 8 << 20  # of annotations on one page: as much as the largest line of an upload


def get_dataset(name: str) -> Dataset:
    """The dataset of that name.

    Raises:
        NotFoundError: no such dataset.
    """
    has_versions = Exists(DatasetVersion.objects.filter(dataset=OuterRef("pk")))  # deleted ones do not count
    dataset = Dataset.objects.filter(has_versions, name=name).first()
    if dataset is None:
        raise NotFoundError(f"There is no dataset named {name[:100]!r}.", hint="The Datasets page lists them.")
    return dataset


def get_version(reference: DatasetReference) -> DatasetVersion:
    """The version a job document names; without a number the newest that is ready, or failing that the newest.

    Raises:
        NotFoundError: no such dataset or version.
    """
    if reference.version is not None:
        return find_version(reference.name, str(reference.version))
    versions = get_dataset(reference.name).versions.select_related("dataset")
    ready = versions.filter(status=DatasetVersion.Status.READY).first()
    return ready or find_version(reference.name, "latest")


def find_version(name: str, number: str = "latest") -> DatasetVersion:
    """A version by its number or `latest`, which is the newest whatever its state.

    Raises:
        NotFoundError: no such dataset or version.
    """
    versions = get_dataset(name).versions.select_related("dataset")
    if number == "latest":
        version = versions.first()
    else:
        version = versions.filter(number=int(number)).first() if number.isdecimal() and len(number) < 9 else None
    if version is None:
        numbers = ", ".join(str(known) for known in versions.values_list("number", flat=True)[:10])
        raise NotFoundError(f"{name} has no version {number[:20]!r}.", hint=f"It has: {numbers or 'none'}.")
    return version


def list_datasets() -> QuerySet[Dataset]:
    """Every dataset by name."""
    return Dataset.objects.all()


def list_newest_versions() -> list[DatasetVersion]:
    """The newest version of every dataset, by the dataset's name."""
    numbers = DatasetVersion.objects.filter(dataset=OuterRef("dataset")).order_by("-number").values("number")[:1]
    newest = DatasetVersion.objects.filter(number=Subquery(numbers)).select_related("dataset")
    return list(newest.defer("statistics").order_by("dataset__name"))


def list_jobs_using(version: DatasetVersion) -> list[Any]:
    """The jobs trained or validated on a version, newest first."""
    related = (getattr(version, name, None) for name in ("training_jobs", "validation_jobs"))
    jobs = {job.pk: job for manager in related if manager is not None for job in manager.all()}
    return sorted(jobs.values(), key=lambda job: job.pk, reverse=True)


def manifest_path(version: DatasetVersion) -> Path:
    """The manifest on the local disk.

    Raises:
        ConflictError: the version is not ready.
    """
    if not version.manifest_key:
        raise ConflictError(f"{version} is {version.status}: it has no images to show.", hint="Wait for its import.")
    cache = Path(settings.STUDIO_HOME) / "cache" / version.manifest_key
    return cache if cache.exists() else storage.fetch_file(version.manifest_key, cache)


def embeddings_folder(version: DatasetVersion) -> Path:
    """The vectors of a version with what is known of them, on the local disk.

    Raises:
        ConflictError: there are none (yet).
    """
    if not version.embeddings_key:
        raise ConflictError(
            f"{version} has no vectors to compare images by.",
            hint="They are computed after the import, when no worker is needed elsewhere; the Map page says how far.",
            code="no_embeddings",
        )
    return storage.fetch_folder(version.embeddings_key, Path(settings.STUDIO_HOME) / "cache" / version.embeddings_key)


def list_items(
    version: DatasetVersion,
    rows: RowFilter = ALL_ROWS,
    *,
    sort: str = "row",
    cursor: str | None = None,
    limit: int = _FIRST_ITEMS,
    page_bytes: int = _PAGE_BYTES,
) -> RowPage:
    """A page of a version's images. An annotation larger than its share of `page_bytes` is left out: it is None.

    Raises:
        ConflictError: the version is not ready.
        NotFoundError: a cursor that is none of ours, or an order nobody knows.
    """
    limit = max(1, min(limit, _MOST_ITEMS))
    path = manifest_path(version)
    return query_rows(path, rows, sort=sort, cursor=cursor, limit=limit, largest=page_bytes // limit)


def find_labels(version: DatasetVersion, text: str = "", limit: int = 50) -> list[dict[str, Any]]:
    """The labels that hold a text whatever its case, those that begin with it first, then the most frequent.

    Raises:
        ConflictError: the version is not ready.
    """
    text = text.strip().lower()
    labels = list_labels(manifest_path(version))
    found = sorted(
        (label for label in labels if text in label.lower()), key=lambda one: not one.lower().startswith(text)
    )
    return [
        {"label": label, "images": labels[label], "series": find_series(label, version.label_names)}
        for label in found[:limit]
    ]


def list_findings(
    version: DatasetVersion, *, severity: str = "", code: str = "", offset: int = 0, limit: int = 200
) -> tuple[list[dict[str, Any]], int]:
    """A page of what the import of a version found wrong, and how many findings match in all."""
    if version.findings_key:
        cache = Path(settings.STUDIO_HOME) / "cache" / version.findings_key
        path = cache if cache.exists() else storage.fetch_file(version.findings_key, cache)
        return read_findings(path, severity=severity, code=code, offset=offset, limit=limit)
    rows = [*version.report.get("errors", []), *version.report.get("warnings", [])]
    rows = [row for row in rows if severity in ("", row["severity"]) and code in ("", row["code"])]
    return rows[offset : offset + limit], len(rows)


def version_to_dict(version: DatasetVersion) -> dict[str, Any]:
    """A version as the REST contract shows it."""
    return {
        **version_to_summary(version),
        "phase": version.phase,
        "progress": round(version.progress, 4),
        "format": version.format,
        "target_column_name": version.target_column_name,
        "origin": version.origin,
        "report": version.report or {"errors": [], "warnings": [], "counts": {}},
        "statistics": version.statistics,
        "error": version.error,
    }


def version_to_summary(version: DatasetVersion) -> dict[str, Any]:
    """A version in a list."""
    return {
        "name": version.dataset.name,
        "version": version.version,
        "status": version.status,
        "task": version.task_type or None,
        "images": version.image_count,
        "labels": version.label_names,
        "splits": version.split_counts,
        "created_at": version.created_at,
    }


def item_to_dict(version: DatasetVersion, row: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest row as the REST contract shows it."""
    arguments = [version.dataset.name, version.number, row["sha256"]]
    annotation = row["annotation"]
    return {
        **{key: row[key] for key in ("row", "path", "split", "labels", "width", "height", "format", "bytes", "sha256")},
        "objects": row["objects"],
        "problems": row["problems"] or [],
        "annotation": json.loads(annotation) if annotation is not None else None,
        **({"annotation_left_out": True} if annotation is None else {}),
        "file": row["source_file"],
        "line": row["source_line"],
        "image_url": reverse("datasets:image", args=arguments),
        "thumbnail_url": reverse("datasets:thumb", args=arguments),
    }
