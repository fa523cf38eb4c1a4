"""The next version of a dataset made from one that is there: edited, restored, or with labels that came back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from pydantic import ValidationError

from datasets import selectors, storage
from datasets.filters import ItemQuery
from datasets.limits import get_limits
from datasets.models import DatasetVersion
from datasets.services.arriving import File, keep_file
from datasets.services.creating import write_version
from vision.data.correcting import CorrectionOptions, apply_corrections
from vision.data.deriving import apply_edit, plan_edit
from vision.data.edits import read_edit
from vision.data.formats import FORMATS
from vision.data.importing import ImportResult
from vision.data.options import read_settings
from vision.data.report import Report
from vision.data.reviewing import Parent, review_manifest
from vision.errors import ConflictError, Detail, InternalError, InvalidDocumentError

KINDS = ("edit", "restore", "correction")
"""Of a version's origin: those that are made from another version."""
_MOST_ROWS = 20_000  # named one by one: they are kept with the version
Beat = Callable[[str, float], None]


def create_edit(
    version: DatasetVersion, values: Mapping[str, Any], rows: ItemQuery | None, user: User | None, description: str = ""
) -> DatasetVersion:
    """Start the version that follows from an edit. `values` are those of `vision.data.edits.Edit`.

    `rows` chooses the images where the edit is about some of them.

    Raises:
        InvalidDocumentError: an edit that cannot be understood, or no choice of images.
        InvalidDatasetError: it would change nothing, or leave too little to train on.
        ConflictError: the version is not ready.
    """
    edit = read_edit(dict(values), version.task_type)
    if rows is None:
        if edit.is_about_rows:
            raise InvalidDocumentError("No image is chosen.", hint="Give `rows` or `filter`.", code="nothing_chosen")
        rows = ItemQuery()
    chosen = rows.to_filter()
    if chosen.rows is not None and len(chosen.rows) > _MOST_ROWS:
        raise InvalidDocumentError(
            f"{len(chosen.rows):,} images are named one by one; {_MOST_ROWS:,} can be.",
            hint="Choose them by a filter: all that match.",
            code="too_many_rows",
        )
    manifest = selectors.manifest_path(version)
    plan = plan_edit(manifest, version.task_type, edit, chosen, get_limits())
    document = edit.model_dump(mode="json", exclude_defaults=True)
    if edit.action == "restore":
        return _create(version, user, "restore", f"Restored version {version.number}", description)
    if edit.is_about_rows:
        document["filter"] = rows.to_params()
    return _create(version, user, "edit", plan.text, description, {"edits": [document]})


def create_correction(
    version: DatasetVersion,
    file: File,
    file_name: str,
    user: User | None,
    format: str = "",  # noqa: A002
    description: str = "",
) -> DatasetVersion:
    """Start the version in which the images that an annotation file names have its labels.

    Raises:
        InvalidDatasetError: an empty file.
        NotFoundError: an unknown format.
        ConflictError: the version is not ready.
    """
    selectors.manifest_path(version)
    format_name = FORMATS.get(format).name if format else ""
    arrival = keep_file(file, file_name)
    name = arrival.name[:255]
    upload = {"source_name": name, "source_key": arrival.key, "source_size": arrival.size}
    try:
        text = f"Labels from {name}"
        return _create(version, user, "correction", text, description, {"format": format_name}, **upload)
    except BaseException:
        arrival.drop()
        raise


def derive_version(version: DatasetVersion, folder: Path, beat: Beat) -> ImportResult:
    """Make the manifest of a derived version in `folder`, an empty one. Run by the import attempt that holds it.

    Raises:
        ConflictError: the version it is made from is gone.
        InvalidDatasetError: nothing would be left to train on, or a correction changes nothing.
    """
    parent = _find_parent(version)
    manifest = selectors.manifest_path(parent)
    findings = _fetch_findings(parent)
    beat("writing", 0.0)
    limits, options = get_limits(), read_settings(version.options)
    report = Report(limits.max_report_rows, folder / "findings.jsonl", limits.max_findings)
    try:
        if version.origin["kind"] == "correction":
            reading = CorrectionOptions(
                task_type=version.task_type,
                fetch=lambda sha256: storage.fetch_file(storage.blob_key(sha256), folder / "fetched" / sha256),
                file_name=version.source_name,
                format=version.origin.get("format", ""),
                target_column_name=version.target_column_name,
                settings=options,
                limits=limits,
            )
            source = storage.fetch_file(version.source_key, folder / "source")
            edited, count = apply_corrections(manifest, source, reading, report, folder, beat)
            _tell_count(version, count)
        else:
            edit, rows = _read_edit(version)
            edited = apply_edit(
                manifest, version.task_type, edit, rows.to_filter(), folder, lambda done: beat("writing", 0.3)
            )
        kept = Parent(version.task_type, parent.format, findings, options.near_duplicate_distance)
        return review_manifest(edited, kept, report, folder, beat, limits)
    finally:
        report.close()


def read_choice(values: Mapping[str, Any]) -> ItemQuery | None:
    """The images a REST document is about: `rows` (numbers, or `3,7,10-20`) or `filter`; None where it has neither.

    Raises:
        InvalidDocumentError: it has both, or what it has cannot be understood.
    """
    given = {key: values[key] for key in ("rows", "filter") if values.get(key) is not None}
    if not given:
        return None
    if len(given) == 2:
        raise InvalidDocumentError("Give `rows` or `filter`, not both.", code="invalid_choice")
    rows, filters = given.get("rows"), given.get("filter", {})
    if isinstance(rows, list):
        rows = ",".join(map(str, rows))
    if not isinstance(filters, dict):
        raise InvalidDocumentError('`filter` is an object such as {"split": "train"}.', code="invalid_choice")
    unknown = sorted(set(filters) - set(ItemQuery.model_fields))
    if unknown:  # passed over, it would choose far more images than were meant
        known = ", ".join(ItemQuery.model_fields)
        raise InvalidDocumentError(f"There is no filter {unknown[0]!r}.", hint=f"Filters: {known}.")
    try:
        return ItemQuery(rows=rows) if rows is not None else ItemQuery(**_listed(filters))
    except ValidationError as error:
        details = [Detail(one["msg"], "invalid_choice", ".".join(map(str, one["loc"]))) for one in error.errors()]
        raise InvalidDocumentError(
            f"The choice of images cannot be understood: {details[0].message}.", code="invalid_choice", details=details
        ) from None


@transaction.atomic
def _create(
    parent: DatasetVersion,
    user: User | None,
    kind: str,
    text: str,
    description: str,
    origin: Mapping[str, Any] | None = None,
    **fields: Any,
) -> DatasetVersion:
    """The row of the new version. The parent is held meanwhile: it cannot be deleted before the new one counts."""
    mine = DatasetVersion.objects.select_for_update().filter(pk=parent.pk, status=DatasetVersion.Status.READY)
    if not mine.exists():
        raise ConflictError(f"{parent} is not ready any more.", hint="Choose another version.")
    described = {"description": description.strip()[:1000]} if description.strip() else {}
    return write_version(
        parent.dataset.name,
        user,
        task_type=parent.task_type,
        format=parent.format,
        target_column_name=parent.target_column_name,
        options=parent.options,
        origin={"kind": kind, "parent": parent.number, "text": text, **described, **(origin or {})},
        **fields,
    )


def _find_parent(version: DatasetVersion) -> DatasetVersion:
    number = version.origin.get("parent")
    found = DatasetVersion.objects.filter(dataset=version.dataset_id, number=number).select_related("dataset").first()
    if found is None or not found.manifest_key:
        raise ConflictError(f"Version {number}, which this one is made from, is gone.", hint="Choose another version.")
    return found


def _fetch_findings(version: DatasetVersion) -> Path | None:
    key = version.findings_key
    return storage.fetch_file(key, Path(settings.STUDIO_HOME) / "cache" / key) if key and storage.exists(key) else None


def _read_edit(version: DatasetVersion) -> tuple[Any, ItemQuery]:
    if version.origin["kind"] == "restore":
        return read_edit({"action": "restore"}, version.task_type), ItemQuery()
    edits = version.origin.get("edits") or []
    if len(edits) != 1:
        raise InternalError(f"{version} does not say what was to be done.")
    document = dict(edits[0])
    rows = ItemQuery(**document.pop("filter", {}))
    return read_edit(document, version.task_type), rows


def _tell_count(version: DatasetVersion, count: int) -> None:
    images = f"{count:,} image{'' if count == 1 else 's'}"
    version.origin["text"] = f"New labels of {images} from {version.source_name}"
    DatasetVersion.objects.filter(pk=version.pk, token=version.token).update(origin=version.origin)


def _listed(filters: Mapping[str, Any]) -> dict[str, Any]:
    label = filters.get("label")
    return dict(filters) | ({"label": [label]} if isinstance(label, str) else {})
