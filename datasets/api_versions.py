"""REST: what is done with one version: edits, corrections, changes, exports. Mounted in `/api/v1/datasets`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from ninja import File, Form, Router, Status, UploadedFile

from datasets import changes, selectors, services
from datasets.exports import export_to_dict, find_export, send_export
from datasets.filters import ItemQuery
from datasets.http import acting_user, paginate, read_document
from datasets.import_again import SCHEMA as IMPORT_AGAIN_SCHEMA
from datasets.import_again import read_document as read_changes
from datasets.models import DatasetVersion
from datasets.services.deriving import read_choice
from vision.data.differences import ChangedImage
from vision.data.exporting import list_formats
from vision.errors import InvalidDocumentError

router = Router(tags=["datasets"])
Body = dict[str, Any]
_ROOT = "/{name}/versions/{version}"


@router.post(f"{_ROOT}/edits", response={202: Body}, summary="Make the next version by an edit of this one")
def create_edit(request: HttpRequest, name: str, version: str) -> Status[Body]:
    """`{"action": "move", "rows": [1, 2] or "filter": {"label": "a"}, "split": "test"}`.

    Actions: `move`, `relabel` (`label`, `new_label`), `rename` (`label` one or several, `new_label`), `drop`,
    `split` (`validation_fraction`, `test_fraction`, `seed`), `restore`. `filter` has the names of the list of items.
    """
    document = read_document(request)
    rows = read_choice(document)
    values = {key: value for key, value in document.items() if key not in ("rows", "filter", "description")}
    description = document.get("description") or ""
    if not isinstance(description, str):
        raise InvalidDocumentError("`description` is text.")
    made = services.create_edit(selectors.find_version(name, version), values, rows, acting_user(request), description)
    return Status(202, selectors.version_to_summary(made) | {"origin": made.origin})


@router.post(f"{_ROOT}/corrections", response={202: Body}, summary="Make the next version with labels from a file")
def create_correction(
    request: HttpRequest,
    name: str,
    version: str,
    file: File[UploadedFile],
    format: Form[str] = "",  # noqa: A002
    description: Form[str] = "",
) -> Status[Body]:
    found = selectors.find_version(name, version)
    made = services.create_correction(
        found, file, file.name or "labels", acting_user(request), format=format, description=description
    )
    return Status(202, selectors.version_to_summary(made) | {"origin": made.origin})


@router.post(
    f"{_ROOT}/import-again",
    response={202: Body},
    summary="Make the next version from the same upload with other settings",
    openapi_extra=IMPORT_AGAIN_SCHEMA,
)
def import_again(request: HttpRequest, name: str, version: str) -> Status[Body]:
    """`{"settings": {"coordinates": "pixels"}}`; what is not given stays as it was. Uploads are kept for a while: for
    how long, STUDIO_KEEP_UPLOADS_DAYS and STUDIO_KEEP_FAILED_UPLOADS_DAYS say."""
    found = selectors.find_version(name, version)
    made = services.import_again(found, acting_user(request), **read_changes(read_document(request), found))
    return Status(202, selectors.version_to_summary(made) | {"origin": made.origin})


@router.get(f"{_ROOT}/changes", response=Body, summary="What differs from another version, image by image")
def list_changes(
    request: HttpRequest,
    name: str,
    version: str,
    since: str = "",
    kind: str = "",
    cursor: str | None = None,
    limit: int = 60,
) -> Body:
    """`since` is a version number; without it the version this one was made from, or the one before it."""
    new = selectors.find_version(name, version)
    old = selectors.find_version(name, since) if since else _find_base(new)
    page = changes.list_version_changes(old, new, kind=kind, cursor=cursor, limit=limit)
    counts = asdict(changes.count_version_changes(old, new))
    items = [_change_to_dict(old, new, changed) for changed in page.images]
    return paginate(items, page.next) | {"since": old.version, "total": page.total, "counts": counts}


@router.post(f"{_ROOT}/exports", response={202: Body}, summary="Ask for an archive of a version or of a part of it")
def create_export(request: HttpRequest, name: str, version: str) -> Status[Body]:
    """`{"format": "coco", "filter": {"split": "test"}}`; `filter` has the names of the list of items, or `rows`."""
    found = selectors.find_version(name, version)
    document = read_document(request)
    format_name = document.get("format")
    if not isinstance(format_name, str) or not format_name:
        known = ", ".join(list_formats(found.task_type))
        raise InvalidDocumentError("Name the `format` of the export.", hint=f"It is one of {known}.")
    rows = read_choice(document) or ItemQuery()
    export = services.create_export(found, format_name, rows, acting_user(request))
    return Status(202, export_to_dict(export))


@router.get(f"{_ROOT}/exports", response=Body, summary="The exports of a version, newest first")
def list_exports(request: HttpRequest, name: str, version: str) -> Body:
    found = selectors.find_version(name, version)
    return paginate(export_to_dict(export) for export in found.exports.select_related("version__dataset"))


@router.get(f"{_ROOT}/exports/{{export_id}}", response=Body, summary="How far an export is")
def get_export(request: HttpRequest, name: str, version: str, export_id: UUID) -> Body:
    return export_to_dict(find_export(name, export_id, selectors.find_version(name, version).version))


@router.delete(f"{_ROOT}/exports/{{export_id}}", response={204: None}, summary="Delete an export")
def delete_export(request: HttpRequest, name: str, version: str, export_id: UUID) -> Status[None]:
    services.delete_export(find_export(name, export_id, selectors.find_version(name, version).version))
    return Status(204, None)


@router.get(f"{_ROOT}/exports/{{export_id}}/download", summary="The archive; ranges are answered")
def download_export(request: HttpRequest, name: str, version: str, export_id: UUID) -> HttpResponseBase:
    return send_export(request, find_export(name, export_id, selectors.find_version(name, version).version))


def _find_base(version: DatasetVersion) -> DatasetVersion:
    others = list(version.dataset.versions.select_related("dataset"))
    found = changes.find_base(version, others)
    if found is None:
        raise InvalidDocumentError("There is no version before this one.", hint="Name another as `since`.")
    return found


def _change_to_dict(old: DatasetVersion, new: DatasetVersion, changed: ChangedImage) -> Body:
    return {
        "changes": changed.kinds,
        "before": changed.old and _row_to_dict(old, changed.old),
        "after": changed.new and _row_to_dict(new, changed.new),
    }


def _row_to_dict(version: DatasetVersion, row: dict[str, Any]) -> Body:
    shown = selectors.item_to_dict(version, row | {"format": "", "bytes": 0, "source_file": "", "source_line": 0})
    return {key: value for key, value in shown.items() if key not in ("format", "bytes", "file", "line")}
