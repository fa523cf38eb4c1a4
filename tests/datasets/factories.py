"""Uploads and ready dataset versions for tests."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import uuid
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

MLTABLE = """\
paths:
  - file: ./{file}
transformations:
  - read_json_lines: {{encoding: utf8, invalid_lines: error, include_path_column: false}}
  - convert_column_types: [{{columns: image_url, column_type: stream_info}}]
"""
COLOURS = {"red": (200, 40, 40), "green": (40, 180, 60), "blue": (50, 60, 200)}


def image_bytes(colour=(200, 40, 40), size=(24, 18), image_format="JPEG", **options: Any) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, image_format, **options)
    return target.getvalue()


def zip_bytes(files: Mapping[str, bytes | str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def json_lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def dataset_files(train: int = 12, validation: int = 4) -> dict[str, bytes | str]:
    """An Azure-style archive: three classes by turns, every image different."""
    files: dict[str, bytes | str] = {}
    parts = {"training": ("train_annotations.jsonl", train), "validation": ("validation_annotations.jsonl", validation)}
    for part, (file, count) in parts.items():
        rows = []
        for number in range(count):
            label = list(COLOURS)[number % len(COLOURS)]
            name = f"images/{part}_{number}.jpg"
            files[name] = image_bytes(COLOURS[label], size=(24 + number, 18 + (part == "training")))
            rows.append({"image_url": name, "label": label})
        if count:
            files[f"{part}-mltable-folder/MLTable"] = MLTABLE.format(file=file)
            files[f"{part}-mltable-folder/{file}"] = json_lines(rows)
    return files


def upload(files: Mapping[str, bytes | str] | None = None, name: str = "parts.zip") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, zip_bytes(dataset_files() if files is None else files))


def create_ready_version(user=None, name: str = "parts", files: Mapping[str, bytes | str] | None = None):
    """A version imported for real, without the queue."""
    from datasets import services

    version = services.create_version(name=name, file=upload(files), file_name="parts.zip", user=user)
    services.import_version(version.pk, str(version.token))
    version.refresh_from_db()
    return version


def short_samples(monkeypatch: Any, images: int) -> None:
    """Samples of so few images, to be quick."""
    from datasets import samples

    monkeypatch.setattr(samples, "SAMPLES", tuple(replace(one, images=images) for one in samples.SAMPLES))


HOSTILE = "<script>alert('x')</script> \" ' & \u202eevil\u202c {{ 7*7 }}"
"""A class name, or a file's, that would break a page that trusted it."""


def label_cell(task_type: str, labels: Sequence[str], number: int = 0) -> Any:
    """A canonical label cell: objects of different sizes and places by the number of the image."""
    if task_type == "image_classification":
        return labels[0] if labels else None
    if task_type == "image_classification_multilabel":
        return list(labels)
    shift = number % 5 / 20
    boxes = [(0.05 + shift + 0.1 * i, 0.1 + 0.08 * i, 0.4 + shift + 0.08 * i, 0.55 + 0.05 * i) for i in range(9)]
    objects = []
    for (left, top, right, bottom), label in zip(boxes, labels, strict=False):
        one: dict[str, Any] = {"label": label, "isCrowd": int(label == "crowd")}
        if task_type == "image_object_detection":
            one |= {"topX": left, "topY": top, "bottomX": right, "bottomY": bottom}
        else:
            one["polygon"] = [[left, top, right, top, right, bottom, (left + right) / 2, bottom * 0.9, left, bottom]]
        objects.append(one)
    return objects


def browse_row(number: int, task_type: str, labels: Sequence[str], **fields: Any) -> dict[str, Any]:
    """A manifest row whose picture `create_browse_version` makes."""
    cell = label_cell(task_type, labels, number) if labels else ([] if number % 20 < 10 else None)
    return {
        "row": number,
        "split": ("train", "train", "validation", "test")[number % 4],
        "path": f"images/{number:04d}.jpg",
        "width": 120 + 8 * (number % 7),
        "height": 90 + 10 * (number % 5),
        "labels": list(dict.fromkeys(labels)),
        "objects": len(labels),
        "problems": ["repaired_label"] if number % 9 == 4 else [],
        "annotation": json.dumps(cell),
        "source_file": "annotations.jsonl",
        "source_line": number + 1,
        "source": json.dumps({"image_url": f"images/{number:04d}.jpg", "label": cell}),
        **fields,
    }


def browse_rows(task_type: str, count: int = 30) -> list[dict[str, Any]]:
    """Rows with one to four labels of five by turns; every 10th has none."""
    names = ["bolt", "nut", "washer", "crowd", HOSTILE]
    few = task_type == "image_classification"
    chosen = [[names[(n + i) % 5] for i in range(1 if few else 1 + n % 4)] if n % 10 != 9 else [] for n in range(count)]
    return [browse_row(number, task_type, labels) for number, labels in enumerate(chosen)]


def create_browse_version(
    name: str = "browse", task_type: str = "image_object_detection", rows: Sequence[Mapping[str, Any]] | None = None
):
    """A ready version of these rows with its pictures in storage; no import is run."""
    from datasets import storage
    from datasets.models import Dataset, DatasetVersion
    from vision.data.images import make_thumbnail
    from vision.data.manifest import write_manifest

    rows = [dict(row) for row in (browse_rows(task_type) if rows is None else rows)]
    for row in rows:
        picture = Image.linear_gradient("L").resize((row["width"], row["height"]))
        colours = [picture.point(lambda level, n=n, shift=9 * row["row"]: (level * n + shift) % 256) for n in (1, 2, 3)]
        target = io.BytesIO()
        Image.merge("RGB", colours).save(target, row.setdefault("format", "jpeg"))
        data = target.getvalue()
        row |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        storage.write_bytes(storage.blob_key(row["sha256"]), data)
        storage.write_bytes(
            storage.thumb_key(row["sha256"]), make_thumbnail(Image.open(io.BytesIO(data)).convert("RGB"))
        )
    dataset, _ = Dataset.objects.get_or_create(name=name, defaults={"task_type": task_type})
    number = dataset.versions.count() + 1
    key = f"datasets/{name}/{number}/manifest-{uuid.uuid4().hex[:8]}.parquet"
    with tempfile.TemporaryDirectory() as folder:
        write_manifest(rows, Path(folder) / "manifest.parquet")
        storage.put_file(Path(folder) / "manifest.parquet", key)
    return DatasetVersion.objects.create(
        dataset=dataset,
        number=number,
        status=DatasetVersion.Status.READY,
        task_type=task_type,
        manifest_key=key,
        image_count=len(rows),
        label_names=sorted({label for row in rows for label in row["labels"]}),
        split_counts=dict(Counter(row["split"] for row in rows)),
    )
