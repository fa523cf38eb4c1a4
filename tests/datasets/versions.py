"""Versions written straight into storage, and those made from them: no import is run for the first."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets import selectors, services, storage
from datasets.filters import ItemQuery
from datasets.models import Dataset, DatasetVersion
from jobs.models import Job
from tests.vision.data.manifests import manifest, read, row

COLOURS = ["red", "green", "blue"]


def colour_rows(train: int = 18, validation: int = 4) -> list[dict]:
    """Three classes by turns."""
    parts = [("training", "train", number) for number in range(train)]
    parts += [("validation", "validation", number) for number in range(validation)]
    return [
        row(place, COLOURS[number % 3], split, path=f"images/{part}_{number}.jpg", source_line=number + 1)
        for place, (part, split, number) in enumerate(parts)
    ]


def write_version(
    rows: Sequence[Mapping[str, Any]] | None = None, name: str = "parts", task_type: str = "image_classification"
) -> DatasetVersion:
    """A ready version of these rows. What lies in storage for an image is its path, or `picture`."""
    made = [dict(one) for one in (colour_rows() if rows is None else rows)]
    for one in made:
        data = one.pop("picture", one["path"]).encode()
        one |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        storage.write_bytes(storage.blob_key(one["sha256"]), data)
        storage.write_bytes(storage.thumb_key(one["sha256"]), b"thumb")
    dataset, _ = Dataset.objects.get_or_create(name=name, defaults={"task_type": task_type})
    dataset.versions_made += 1
    dataset.save()
    key = f"datasets/{name}/{dataset.versions_made}/manifest.parquet"
    with tempfile.TemporaryDirectory() as folder:
        storage.put_file(manifest(Path(folder) / "manifest.parquet", made), key)
    return DatasetVersion.objects.create(
        dataset=dataset,
        number=dataset.versions_made,
        status=DatasetVersion.Status.READY,
        task_type=task_type,
        format="jsonl",
        manifest_key=key,
        source_name="parts.zip",
        image_count=len(made),
        label_names=sorted({label for one in made for label in one["labels"]}),
        split_counts=dict(Counter(one["split"] for one in made)),
    )


def finish(version: DatasetVersion) -> DatasetVersion:
    """Run the work item of a version, without the queue."""
    services.import_version(version.pk, str(version.token))
    version.refresh_from_db()
    assert version.status == "ready", version.error
    return version


def edit(version: DatasetVersion, rows: str = "", **values: Any) -> DatasetVersion:
    """The version after an edit."""
    return finish(services.create_edit(version, values, ItemQuery(rows=rows) if rows else None, None))


def rows_of(version: DatasetVersion) -> list[dict]:
    return read(selectors.manifest_path(version))


def files_in(folder: Path) -> dict[str, int]:
    """Every file of a storage with its bytes."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def create_job(version: DatasetVersion, status: str, name: str = "keen_otter_1") -> Job:
    facts = {"task_type": version.task_type, "primary_metric": "accuracy", "spec": {}}
    return Job.objects.create(name=name, status=status, training_data=version, **facts)
