"""An upload to a checked table of labelled images, with a report of everything that was wrong.

Four steps, each from disk to disk, so that memory does not grow with the rows: records are staged as a reader yields
them, every image they name is checked once, the two are joined and looked at as a whole, the manifest is written.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vision.catalog.task_types import TASK_TYPES, TaskType
from vision.data.checking import ImageSink
from vision.data.formats import FORMATS, Detection, FormatReader, ReadOptions, detect_format, get_reader
from vision.data.joining import Joined, join_rows, write_checked_images
from vision.data.limits import DEFAULT_LIMITS, ImportLimits
from vision.data.options import ImportSettings
from vision.data.records import Record
from vision.data.report import Action, Report
from vision.data.sources import list_archives, open_source
from vision.data.staging import CellReader, stage_records
from vision.data.statistics import Summary, describe_manifest, summarize_manifest
from vision.data.upload import Outside, Upload
from vision.errors import InvalidDatasetError

logger = logging.getLogger(__name__)
OnProgress = Callable[[str, float], None]
_SHARES = {"unpacking": (0.0, 0.15), "reading": (0.15, 0.25), "checking": (0.25, 0.95), "writing": (0.95, 1.0)}


@dataclass(frozen=True)
class ImportOptions:
    """How to read an upload. Empty strings mean: as detected. `work_dir` is an empty folder for what is unpacked."""

    work_dir: Path
    file_name: str = ""
    task_type: str = ""
    format: str = ""
    target_column_name: str = "label"
    settings: ImportSettings = field(default_factory=ImportSettings)
    outside: Outside | None = None
    workers: int | None = None
    limits: ImportLimits = field(default=DEFAULT_LIMITS)


@dataclass(frozen=True)
class ImportResult:
    """A finished import. `manifest` and `findings` (JSON lines) are files below `work_dir`; the rest is JSON."""

    manifest: Path
    findings: Path
    report: dict[str, Any]
    statistics: dict[str, Any]
    image_count: int
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

    `source` is an archive, an annotation file, or a folder of such. `on_progress(phase, fraction)` is called often with
    a fraction of the whole, 0–1; what it raises ends the import.

    Raises:
        InvalidDatasetError: a hostile or damaged archive, no labels, an unknown task type.
        ImportRefusedError: too little left to train on, or more errors than the settings allow.
    """
    findings = options.work_dir / "findings.jsonl"
    report = Report(options.limits.max_report_rows, findings, options.limits.max_findings)
    try:
        return _Import(source, sink, options, report, on_progress).run(findings)
    finally:
        report.close()


class _Import:
    def __init__(
        self, source: Path, sink: ImageSink, options: ImportOptions, report: Report, on_progress: OnProgress
    ) -> None:
        self._source = source
        self._sink = sink
        self._options = options
        self._report = report
        self._on_progress = on_progress

    def run(self, findings: Path) -> ImportResult:
        upload = self._open_upload()
        self._say_packed(upload)
        detection = self._detect(upload)
        reader = get_reader(detection.format)
        task_type = _choose_task_type(self._options, reader, upload)
        staged = self._stage(upload, reader, task_type)
        checked = self._check(upload, staged)
        self._tell("writing", 0)
        joined = join_rows(staged, checked, self._options.settings, self._report, self._options.work_dir)
        return self._conclude(joined, findings, task_type, detection)

    def _open_upload(self) -> Upload:
        options = self._options
        target = options.work_dir / "upload"
        tell = self._teller("unpacking")
        return open_source(self._source, target, options.file_name, options.limits, tell, options.outside)

    def _say_packed(self, upload: Upload) -> None:
        for file in list_archives(upload.files):
            message = "An archive within the upload stays packed: unpack it first, or upload it beside the others."
            self._report.warning("nested_archive", message, Action.DROPPED, file=file)

    def _detect(self, upload: Upload) -> Detection:
        self._tell("reading", 0)
        if self._options.format:
            return Detection(FORMATS.get(self._options.format).name, 1.0, "it was chosen")
        return detect_format(upload)

    def _stage(self, upload: Upload, reader: FormatReader, task_type: str) -> Path:
        options, settings = self._options, self._options.settings
        reading = ReadOptions(task_type, options.target_column_name, options.limits, settings.group_column)
        path = options.work_dir / "staged.parquet"
        records = self._with_signs_of_life(reader.read(upload, reading, self._report))
        read_cell = CellReader(upload, task_type, settings, options.limits, self._report)
        stage_records(records, read_cell, path, lambda count: self._refuse_errors())
        self._refuse_errors()
        return path

    def _with_signs_of_life(self, records: Iterator[Record]) -> Iterator[Record]:
        """How many records there are to come is not known: only that it goes on is told."""
        for number, record in enumerate(records):
            if number % 1000 == 0:
                self._tell("reading", 0)
            yield record

    def _check(self, upload: Upload, staged: Path) -> Path:
        options = self._options
        path = options.work_dir / "images.parquet"

        def tell(fraction: float) -> None:
            self._tell("checking", fraction)
            self._refuse_errors()

        write_checked_images(upload, staged, path, self._sink, options.limits, options.workers, self._report, tell)
        return path

    def _conclude(self, joined: Joined, findings: Path, task_type: str, detection: Detection) -> ImportResult:
        summary = summarize_manifest(joined.manifest)
        if self._options.settings.invalid_lines == "error" and self._report.error_count:
            self._refuse(
                f"{self._report.error_count:,} errors were found, and errors were to fail the import.",
                "Correct what the report names, or import again with rows that cannot be used set to drop.",
                "errors_found",
                summary.images,
            )
        self._refuse_too_few(summary)
        self._tell("writing", 0.5)
        statistics = describe_manifest(joined.manifest, task_type, self._options.settings.near_duplicate_distance)
        self._report.flush()
        return ImportResult(
            manifest=joined.manifest,
            findings=findings,
            report=self._report.to_dict(images=summary.images) | {"detected": detection.reason},
            statistics=statistics,
            image_count=summary.images,
            label_names=sorted(summary.labels),
            split_counts=summary.splits,
            task_type=task_type,
            format=detection.format,
        )

    def _refuse_errors(self) -> None:
        most = self._options.settings.max_errors
        if most is not None and self._report.error_count > most:
            message = f"More than {most:,} errors were found, and no more were to be allowed."
            self._refuse(message, "Correct what the report names, or allow more.", "too_many_errors", 0)

    def _refuse_too_few(self, summary: Summary) -> None:
        limits = self._options.limits
        # An upload without any training row is a validation or test set of its own and may be small
        is_held_out = summary.images > 0 and not summary.splits.get("train")
        needed = 1 if is_held_out else limits.min_training_images
        count = summary.images if is_held_out else summary.splits.get("train", 0)
        if count < needed:
            problems = self._report.error_count
            many = (
                "problems cost images; the report names each"
                if problems > 1
                else "problem cost images; the report names it"
            )
            lost = f" {problems:,} {many}." if problems else ""
            images = "image" if count == 1 else "images"
            message = f"{count} training {images} can be used; at least {needed} are needed."
            hint = "Add images, or correct the rows the report names."
            self._refuse(message + lost, hint, "too_few_images", summary.images)
        if not summary.labels:
            self._refuse("No image has a label.", "Give at least one label.", "no_labels", summary.images)
        if len(summary.labels) > limits.max_labels:
            message = f"There are {len(summary.labels):,} different labels; {limits.max_labels:,} are allowed."
            self._refuse(message, "Is this the right label column?", "too_many_labels", summary.images)

    def _refuse(self, message: str, hint: str, code: str, images: int) -> None:
        raise ImportRefusedError(
            message,
            hint=hint,
            code=code,
            details=self._report.first_errors(20),
            report=self._report.to_dict(images=images),
        )

    def _tell(self, phase: str, fraction: float) -> None:
        start, end = _SHARES[phase]
        self._on_progress(phase, start + (end - start) * min(1.0, fraction))

    def _teller(self, phase: str) -> Callable[[float], None]:
        return lambda fraction: self._tell(phase, fraction)


def _choose_task_type(options: ImportOptions, reader: FormatReader, upload: Upload) -> str:
    guess = options.task_type or reader.guess_task_type(upload, options.target_column_name)
    return TASK_TYPES.get(guess or TaskType.CLASSIFICATION).name
