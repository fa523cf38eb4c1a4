"""Uploads and ready dataset versions for tests."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
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
