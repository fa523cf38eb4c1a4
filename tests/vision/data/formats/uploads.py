"""Uploads on disk, what a reader makes of them, and exports that are read again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from vision.catalog.task_types import TaskType
from vision.data.formats import ExportRow, ReadOptions, get_reader, get_writer
from vision.data.labels import LABEL_READERS
from vision.data.limits import DEFAULT_LIMITS
from vision.data.records import Record
from vision.data.report import Report
from vision.data.upload import Upload


def write_image(path: Path, size: tuple[int, int] = (40, 20), orientation: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", size, (90, 120, 30)).save(path, exif=exif)


def make_upload(folder: Path, files: Mapping[str, Any]) -> Upload:
    """Files by path: bytes and text as they are, a list as JSON lines, a dict as JSON, None as an image of 40 × 20."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            write_image(path)
        elif isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, list):
            path.write_text("".join(f"{json.dumps(row)}\n" for row in content), encoding="utf-8")
        else:
            text = json.dumps(content) if isinstance(content, dict) else content
            path.write_text(text, encoding="utf-8", newline="")
    return open_upload(folder)


def open_upload(folder: Path) -> Upload:
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return Upload(folder, files, spare=folder.parent / f"{folder.name}-embedded")


def read(
    name: str, upload: Upload, task_type: str = TaskType.CLASSIFICATION, **options: Any
) -> tuple[list[Record], Report]:
    report = Report()
    return list(get_reader(name).read(upload, ReadOptions(task_type, **options), report)), report


def findings(report: Report) -> list[tuple[str, str, int | None]]:
    """(code, file, line) of every finding, errors first."""
    found = report.to_dict()
    return [(row["code"], row.get("file", ""), row.get("line")) for row in (*found["errors"], *found["warnings"])]


def codes(report: Report) -> list[str]:
    return [code for code, _, _ in findings(report)]


def messages(report: Report) -> str:
    found = report.to_dict()
    return "\n".join(row["message"] for row in (*found["errors"], *found["warnings"]))


def export(name: str, rows: Iterable[ExportRow], folder: Path, label_names: list[str], task_type: str) -> Upload:
    """Rows written in a format, their images made where the writer places them, opened as an upload."""
    writer = get_writer(name)
    placed = []
    for row in rows:
        image = writer.place(row)
        write_image(folder / image, (row.width, row.height))
        placed.append(replace(row, image=image))
    assert len({row.image for row in placed}) == len(placed)
    writer.write(iter(placed), folder, label_names, task_type)
    return open_upload(folder)


def export_and_read(
    name: str, rows: list[ExportRow], folder: Path, label_names: list[str], task_type: str
) -> tuple[dict[str, tuple[str, Any]], Report]:
    """Image placed to (split, canonical cell) after a round trip."""
    upload = export(name, rows, folder, label_names, task_type)
    records, report = read(name, upload, task_type)
    assert len({record.image for record in records}) == len(records) == len(rows)
    return {record.image: (record.split, canonical(record.label, task_type)) for record in records}, report


def canonical(label: Any, task_type: str) -> Any:
    return json.loads(LABEL_READERS[task_type](label, DEFAULT_LIMITS).annotation)
