"""Reading exports."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from datasets import storage
from datasets.downloads import send_file
from datasets.models import Export
from datasets.services.exporting import KEPT_FOR, file_name
from vision.errors import NotFoundError


def find_export(name: str, export_id: UUID, number: str | None = None) -> Export:
    """An export of a dataset, or of one of its versions.

    Raises:
        NotFoundError: there is none; it may have been deleted after a week.
    """
    found = Export.objects.filter(pk=export_id, version__dataset__name=name).select_related("version__dataset").first()
    if found is None or number not in (None, str(found.version.number)):
        raise NotFoundError("There is no such export.", hint=f"Exports are kept for {KEPT_FOR.days} days.")
    return found


def send_export(request: HttpRequest, export: Export) -> HttpResponseBase:
    """The archive of an export.

    Raises:
        NotFoundError: it is not ready, or its file is gone.
    """
    if export.status != Export.Status.READY:
        raise NotFoundError(f"This export is {export.status}: there is nothing to download.", hint="Wait for it.")
    try:
        file = storage.open_read(export.key)
    except FileNotFoundError as error:
        raise NotFoundError("The file of this export is gone.", hint="Export again.") from error
    return send_file(request, file, export.size, file_name(export), etag=str(export.token))


def export_to_dict(export: Export) -> dict[str, Any]:
    """An export as the REST contract shows it."""
    version = export.version
    arguments = {"name": version.dataset.name, "version": version.version, "export_id": export.pk}
    is_ready = export.status == Export.Status.READY
    return {
        "id": str(export.pk),
        "name": version.dataset.name,
        "version": version.version,
        "format": export.format,
        "filter": export.rows,
        "status": export.status,
        "progress": round(export.progress, 4),
        "size": export.size if is_ready else None,
        "error": export.error,
        "created_at": export.created_at,
        "expires_at": export.created_at + KEPT_FOR,
        "download_url": reverse("api-1:download_export", kwargs=arguments) if is_ready else None,
    }
