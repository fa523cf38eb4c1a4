"""Small datasets and jobs: images of 40 px whose classes differ in colour."""

from __future__ import annotations

import hashlib
import io
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from datasets import storage
from datasets.models import Dataset, DatasetVersion
from jobs.models import Job
from jobs.services.submission import submit_job
from tests.documents import make_job_document
from vision.data.manifest import write_manifest

COLOURS = {"amber": (220, 160, 40), "blue": (40, 70, 200), "green": (40, 160, 70)}
PARAMETERS = {
    "model_name": "mobilenetv2",
    "pretrained": "none",
    "number_of_epochs": 2,
    "training_batch_size": 8,
    "validation_batch_size": 8,
    "training_crop_size": 32,
    "validation_resize_size": 36,
    "validation_crop_size": 32,
    "number_of_workers": 0,
    "learning_rate": 0.01,
    "random_seed": 3,
    "mixed_precision": "off",
}


def make_version(name: str = "colours", images: int = 8, validation: int = 4, **fields: Any) -> DatasetVersion:
    """A ready version with `images` training and `validation` validation images a class, really in storage."""
    dataset, _ = Dataset.objects.get_or_create(name=name)
    number = dataset.versions.count() + 1
    rows = _write_images("train", images, 1) + _write_images("validation", validation, 2)
    rows = [{**row, "row": index} for index, row in enumerate(rows)]
    key = f"datasets/{name}/{number}/manifest.parquet"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "manifest.parquet"
        write_manifest(rows, path)
        storage.put_file(path, key)
    splits = {"train": images * len(COLOURS), "validation": validation * len(COLOURS)}
    values = {
        "status": DatasetVersion.Status.READY,
        "task_type": "image_classification",
        "manifest_key": key,
        "image_count": len(rows),
        "label_names": sorted(COLOURS),
        "split_counts": {name: count for name, count in splits.items() if count},
    }
    return DatasetVersion.objects.create(dataset=dataset, number=number, **{**values, **fields})


def make_document(version: DatasetVersion, **parameters: Any) -> dict[str, Any]:
    data = f"{version.dataset.name}:{version.number}"
    return make_job_document("image_classification", "accuracy", data, PARAMETERS | parameters)


def make_job(version: DatasetVersion | None = None, **parameters: Any) -> Job:
    return submit_job(make_document(version or make_version(), **parameters))


def _write_images(split: str, count: int, seed: int) -> list[dict[str, Any]]:
    rows = []
    for label, index, data in _draw_all(count, seed):
        sha256 = hashlib.sha256(data).hexdigest()
        storage.write_bytes(storage.blob_key(sha256), data)
        rows.append(
            {
                "split": split,
                "path": f"{split}/{label}-{index}.jpg",
                "sha256": sha256,
                "format": "JPEG",
                "width": 48,
                "height": 40,
                "bytes": len(data),
                "labels": [label],
                "annotation": f'"{label}"',
                "source_file": f"{split}.jsonl",
                "source_line": index + 1,
            }
        )
    return rows


@lru_cache
def _draw_all(count: int, seed: int) -> list[tuple[str, int, bytes]]:
    """`count` images a class: label, number, JPEG. Drawn once a run of the tests."""
    random = np.random.default_rng(seed)
    return [(label, index, _draw(colour, random)) for label, colour in COLOURS.items() for index in range(count)]


def _draw(colour: tuple[int, int, int], random: np.random.Generator) -> bytes:
    noise = random.normal(0, 40, (40, 48, 3))
    buffer = io.BytesIO()
    Image.fromarray(np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
