"""A version, or a part of it, as a zip in one of the formats, with an MLTable of each split beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np

from vision.data.databases import connect
from vision.data.deriving import read_row_groups
from vision.data.filtering import ALL_ROWS, RowFilter, build_conditions
from vision.data.formats import FORMATS, ExportRow, get_writer
from vision.data.mltable import MltableWriter
from vision.data.naming import create_names
from vision.data.reading import ask
from vision.data.zip_writer import ZipWriter
from vision.errors import InvalidDatasetError


@dataclass(frozen=True, slots=True)
class ExportImage:
    """A row on its way out, before it has a place, and the hash of its image."""

    row: ExportRow
    sha256: str


@dataclass(frozen=True)
class ExportSize:
    """How many images an export would hold, and their bytes."""

    images: int
    bytes: int


def check_format(name: str, task_type: str) -> str:
    """The name of a format that can hold what a task type's labels say.

    Raises:
        NotFoundError: no such format.
        InvalidDatasetError: it is only read, or would lose labels.
    """
    info = FORMATS.get(name)
    if info.writer and task_type in info.task_types:
        return info.name
    known = ", ".join(list_formats(task_type))
    raise InvalidDatasetError(f"{info.title} cannot hold these labels.", hint=f"Formats that can: {known}.")


def list_formats(task_type: str) -> list[str]:
    """The names of the formats that a version of that task type can leave in."""
    return [info.name for info in FORMATS if info.writer and task_type in info.task_types]


def measure_export(manifest: Path, rows: RowFilter = ALL_ROWS) -> ExportSize:
    """What an export of the chosen rows would hold.

    Raises:
        InvalidDatasetError: nothing.
    """
    where, values = build_conditions(rows)
    query = f"SELECT count(*), coalesce(sum(bytes), 0)::BIGINT FROM read_parquet(?) WHERE {where}"
    size = ExportSize(*ask(query, [str(manifest), *values])[0])
    if not size.images:
        raise InvalidDatasetError("No image matches.", hint="Choose other images.", code="nothing_to_export")
    return size


def export_version(
    manifest: Path,
    rows: RowFilter,
    open_image: Callable[[str], IO[bytes]],
    target: Path,
    format_name: str,
    label_names: list[str],
    task_type: str,
    on_progress: Callable[[float], None],
) -> int:
    """Write the chosen rows of a manifest to the zip `target`; returns their number. See `export_rows`.

    Raises:
        InvalidDatasetError: the format cannot hold the labels, or no row is chosen.
    """
    check_format(format_name, task_type)
    total = measure_export(manifest, rows).images
    images = list_images(manifest, rows, target.parent)
    tell = _teller(on_progress, total)
    return export_rows(images, open_image, target, format_name, label_names, task_type, tell)


def list_images(manifest: Path, rows: RowFilter, work_dir: Path) -> Iterator[ExportImage]:
    """The chosen rows in order, each under its own name; a row group of them in memory at a time."""
    where, values = build_conditions(rows)
    with connect(work_dir, file=work_dir / "names.duckdb") as database:
        create_names(database, manifest)
        query = (
            "SELECT row, name FROM names WHERE row BETWEEN ? AND ? AND row IN "
            f"(SELECT row FROM read_parquet(?) WHERE row BETWEEN ? AND ? AND {where}) ORDER BY row"
        )
        for table in read_row_groups(manifest):
            numbers = table["row"].to_numpy()
            span = [int(numbers[0]), int(numbers[-1])]
            chosen = database.execute(query, [*span, str(manifest), *span, *values]).fetchall()
            if not chosen:
                continue
            wide = table.take(np.searchsorted(numbers, [row for row, _ in chosen]))
            wide = wide.select(["split", "annotation", "width", "height", "sha256"])
            for (_, name), *columns in zip(chosen, *(column.to_pylist() for column in wide.columns), strict=True):
                split, annotation, width, height, sha256 = columns
                yield ExportImage(ExportRow(name, split, json.loads(annotation), width, height), sha256)


def export_rows(
    images: Iterable[ExportImage],
    open_image: Callable[[str], IO[bytes]],
    target: Path,
    format_name: str,
    label_names: list[str],
    task_type: str,
    on_progress: Callable[[int], None],
) -> int:
    """Write images, the annotation files of the format and an MLTable a split to the zip `target`; how many images.

    `open_image` opens an image by its hash; images are stored as they are. `on_progress` is told the number so far.
    Scratch files lie in `target`'s folder, which is the caller's to remove. Memory does not grow with the rows.
    """
    writer = get_writer(format_name)
    folder = target.parent / "annotations"
    folder.mkdir()
    count = 0
    with ZipWriter(target) as archive:

        def placed() -> Iterator[ExportRow]:
            nonlocal count
            for image in images:
                row = replace(image.row, image=writer.place(image.row))
                with open_image(image.sha256) as source:
                    archive.add(row.image, source)
                if tables is not None:
                    tables.add(row)
                count += 1
                on_progress(count)
                yield row

        # What JSON lines are written as is that table already
        with nullcontext() if format_name == "jsonl" else MltableWriter(folder) as tables:
            writer.write(placed(), folder, label_names, task_type)
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            with file.open("rb") as text:
                archive.add(file.relative_to(folder).as_posix(), text, compress=True)
            file.unlink()
    return count


def _teller(on_progress: Callable[[float], None], total: int) -> Callable[[int], None]:
    return lambda count: on_progress(min(1.0, count / total))
