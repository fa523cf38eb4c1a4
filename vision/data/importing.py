"""An upload to a checked table of labelled images, with a report of everything that was wrong."""

from __future__ import annotations

import logging
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from vision.catalog.task_types import TASK_TYPES, TaskType
from vision.data.archive import detect_archive, unpack_archive
from vision.data.checking import CheckedImage, ImageSink, check_images
from vision.data.findings import drop_repeats, report_conflicts, report_leaks, report_sizes, report_twins
from vision.data.formats import FORMATS, ReadOptions, detect_format, get_reader
from vision.data.labels import LABEL_READERS
from vision.data.limits import DEFAULT_LIMITS, ImportLimits
from vision.data.manifest import build_table
from vision.data.records import Record
from vision.data.report import Report
from vision.data.statistics import describe_rows
from vision.data.upload import Upload
from vision.errors import InvalidDatasetError

logger = logging.getLogger(__name__)
OnProgress = Callable[[str, float], None]
_SHARES = {"unpacking": (0.0, 0.15), "reading": (0.15, 0.2), "checking": (0.2, 0.97), "writing": (0.97, 1.0)}


@dataclass(frozen=True)
class ImportOptions:
    """How to read an upload. Empty strings mean: as detected. `work_dir` is an empty folder for what is unpacked."""

    work_dir: Path
    file_name: str = ""
    task_type: str = ""
    format: str = ""
    target_column_name: str = "label"
    workers: int | None = None
    limits: ImportLimits = field(default=DEFAULT_LIMITS)


@dataclass(frozen=True)
class ImportResult:
    """A finished import: `table` has the manifest's schema, `report` and `statistics` are JSON."""

    table: pa.Table
    report: dict[str, Any]
    statistics: dict[str, Any]
    label_names: list[str]
    split_counts: dict[str, int]
    task_type: str
    format: str


@dataclass
class ImportRefusedError(InvalidDatasetError):
    """An upload that leaves too little to train on. `report` names every finding that led there."""

    code: str = "too_few_images"
    report: dict[str, Any] = field(default_factory=dict)


def import_dataset(source: Path, sink: ImageSink, options: ImportOptions, on_progress: OnProgress) -> ImportResult:
    """Unpack, read, check and describe an upload. Every problem is collected; none stops the import at its place.

    `on_progress(phase, fraction)` is called often with a fraction of the whole, 0–1; what it raises ends the import.

    Raises:
        InvalidDatasetError: a hostile or damaged archive, no labels, an unknown task type.
        ImportRefusedError: fewer training images left than `limits.min_training_images`, or no label.
    """
    report = Report(options.limits.max_report_rows)
    upload = _open_upload(source, options, on_progress)
    on_progress("reading", _SHARES["reading"][0])
    format_name = FORMATS.get(options.format).name if options.format else detect_format(upload).format
    reader = get_reader(format_name)
    task_type = _choose_task_type(options, reader.guess_task_type(upload, options.target_column_name))
    reading = ReadOptions(task_type, options.target_column_name, options.limits)
    records = drop_repeats(_read_records(reader.read(upload, reading, report), on_progress), report)
    rows = _check_rows(upload, records, sink, options, report, on_progress)
    on_progress("writing", _SHARES["writing"][0])
    return _conclude(rows, report, options, task_type, format_name)


def _read_records(reading: Iterator[Record], on_progress: OnProgress) -> list[Record]:
    records = []
    for record in reading:
        records.append(record)
        if len(records) % 1000 == 0:
            on_progress("reading", _SHARES["reading"][0])
    return records


def _open_upload(source: Path, options: ImportOptions, on_progress: OnProgress) -> Upload:
    root = options.work_dir / "upload"
    if detect_archive(source) is not None:
        report_fraction = _scaled("unpacking", on_progress)
        return Upload(root, unpack_archive(source, root, options.limits, report_fraction))
    root.mkdir(parents=True, exist_ok=True)
    name = Path(options.file_name or source.name).name
    if not name.lower().endswith(".jsonl"):
        raise InvalidDatasetError(
            f"{name} is neither an archive (zip, tar, tar.gz) nor a .jsonl file.",
            hint="Pack the images and their labels into one zip.",
            code="unknown_file",
        )
    shutil.copyfile(source, root / name)
    return Upload(root, [name])


def _choose_task_type(options: ImportOptions, guess: str) -> str:
    task_type = options.task_type or guess or TaskType.CLASSIFICATION
    title = TASK_TYPES.get(task_type).title
    if task_type not in LABEL_READERS:
        known = ", ".join(TASK_TYPES.get(name).title for name in LABEL_READERS)
        seen = "You chose" if options.task_type else "The labels look like"
        raise InvalidDatasetError(
            f"{seen} {title.lower()}; datasets are imported for: {known.lower()}.",
            hint="Give each row one class name as its label.",
            code="unknown_task_type",
        )
    return task_type


def _check_rows(
    upload: Upload,
    records: list[Record],
    sink: ImageSink,
    options: ImportOptions,
    report: Report,
    on_progress: OnProgress,
) -> list[dict[str, Any]]:
    by_image: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_image[record.image].append(record)
    tell = _scaled("checking", on_progress)
    checked: dict[str, CheckedImage] = {}
    found = check_images(upload, list(by_image), sink, options.limits, options.workers)
    for count, image in enumerate(found, start=1):
        checked[image.file] = image
        for record in by_image[image.file] if image.problem else ():
            place: dict[str, Any] = {"file": record.file, "line": record.line, "image": image.file}
            report.error(image.code, image.problem, **place)
        tell(count / len(by_image))
    good = [record for record in records if not checked[record.image].problem]
    return [_to_row(number, record, checked[record.image]) for number, record in enumerate(good)]


def _to_row(number: int, record: Record, image: CheckedImage) -> dict[str, Any]:
    return {
        "row": number,
        "split": record.split,
        "path": record.image,
        "sha256": image.sha256,
        "format": image.format,
        "width": image.width,
        "height": image.height,
        "bytes": image.bytes,
        "labels": list(record.labels),
        "annotation": record.annotation,
        "source_file": record.file,
        "source_line": record.line,
        "source": record.source,
        "declared": (record.width, record.height),
    }


def _conclude(
    rows: list[dict[str, Any]], report: Report, options: ImportOptions, task_type: str, format_name: str
) -> ImportResult:
    report_sizes(rows, report)
    report_conflicts(rows, report)
    report_leaks(rows, report)
    report_twins(rows, report)
    splits = Counter(row["split"] for row in rows)
    _refuse_too_few(rows, splits, report, options.limits)
    label_names = sorted({label for row in rows for label in row["labels"]})
    for row in rows:
        del row["declared"]
    return ImportResult(
        table=build_table(rows),
        report=report.to_dict(images=len(rows)),
        statistics=describe_rows(rows),
        label_names=label_names,
        split_counts=dict(splits),
        task_type=task_type,
        format=format_name,
    )


def _refuse_too_few(rows: list[dict[str, Any]], splits: Counter[str], report: Report, limits: ImportLimits) -> None:
    labels = {label for row in rows for label in row["labels"]}
    # An upload without any training row is a validation or test set of its own and may be small
    is_held_out = bool(rows) and not splits["train"]
    needed = 1 if is_held_out else limits.min_training_images
    count = len(rows) if is_held_out else splits["train"]
    if count < needed:
        lost = f" {report.error_count} problems cost images; the report names each." if report.error_count else ""
        message = f"{count} training {'image' if count == 1 else 'images'} can be used; at least {needed} are needed."
        raise _refuse(
            message + lost, "Add images, or correct the rows the report names.", "too_few_images", report, rows
        )
    if not labels:
        raise _refuse("No image has a label.", "Give at least one label.", "no_labels", report, rows)
    if len(labels) > limits.max_labels:
        message = f"There are {len(labels):,} different labels; {limits.max_labels:,} are allowed."
        raise _refuse(message, "Is this the right label column?", "too_many_labels", report, rows)


def _refuse(message: str, hint: str, code: str, report: Report, rows: list[dict[str, Any]]) -> ImportRefusedError:
    return ImportRefusedError(
        message, hint=hint, code=code, details=report.first_errors(20), report=report.to_dict(images=len(rows))
    )


def _scaled(phase: str, on_progress: OnProgress) -> Callable[[float], None]:
    start, end = _SHARES[phase]
    return lambda fraction: on_progress(phase, start + (end - start) * min(1.0, fraction))
