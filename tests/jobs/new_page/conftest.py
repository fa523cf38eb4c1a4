"""Datasets that a new job is written for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from datasets import storage as files
from datasets.models import Dataset, DatasetVersion
from vision.data.manifest import write_manifest

OBJECTS = {
    "image_object_detection": [
        {"label": "nut", "topX": 0.1, "topY": 0.1, "bottomX": 0.5, "bottomY": 0.6, "isCrowd": 0}
    ],
    "image_instance_segmentation": [{"label": "nut", "isCrowd": 0, "polygon": [[0.1, 0.1, 0.5, 0.1, 0.5, 0.5]]}],
    "image_classification_multilabel": ["daisy"],
}


def make_rows(count: int) -> list[dict[str, object]]:
    return [
        {
            "row": index,
            "split": "train",
            "path": f"{index}.png",
            "sha256": f"{index:064x}",
            "format": "PNG",
            "width": 8,
            "height": 8,
            "bytes": 100,
            "labels": [("daisy", "rose")[index % 2]],
            "annotation": '"daisy"',
            "source_file": "a.jsonl",
            "source_line": index + 1,
            "source": "",
        }
        for index in range(count)
    ]


@pytest.fixture
def version(storage: Path, tmp_path: Path) -> DatasetVersion:
    """A ready version of 300 images, written as an import leaves it."""
    dataset = Dataset.objects.create(name="flowers", task_type="image_classification")
    version = DatasetVersion.objects.create(
        dataset=dataset,
        number=1,
        status=DatasetVersion.Status.READY,
        task_type="image_classification",
        image_count=300,
        label_names=["daisy", "rose"],
        split_counts={"train": 300},
        manifest_key=f"datasets/{tmp_path.name}/manifest.parquet",
    )
    write_manifest(make_rows(300), tmp_path / "manifest.parquet")
    files.put_file(tmp_path / "manifest.parquet", version.manifest_key)
    return version


@pytest.fixture
def make_version(storage: Path, tmp_path: Path) -> Callable[[str, str], DatasetVersion]:
    """Ready versions of 300 images for other tasks, written as an import leaves them."""

    def make(name: str, task_type: str) -> DatasetVersion:
        annotation = json.dumps(OBJECTS[task_type])
        rows = [{**row, "annotation": annotation, "labels": ["nut"]} for row in make_rows(300)]
        key = f"datasets/{name}/manifest.parquet"
        write_manifest(rows, tmp_path / f"{name}.parquet")
        files.put_file(tmp_path / f"{name}.parquet", key)
        dataset = Dataset.objects.create(name=name, task_type=task_type)
        return DatasetVersion.objects.create(
            dataset=dataset,
            number=1,
            status=DatasetVersion.Status.READY,
            task_type=task_type,
            image_count=300,
            label_names=["nut"],
            split_counts={"train": 300},
            manifest_key=key,
        )

    return make
