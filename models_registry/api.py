"""`/api/v1/models`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from ninja import Router

from datasets.http import paginate, read_document
from models_registry import selectors, services
from models_registry.http import acting_user, download_response
from vision.errors import Detail, InvalidDocumentError

router = Router(tags=["models"])


@router.get("")
def list_models(request: HttpRequest) -> dict[str, Any]:
    """The newest version of every model."""
    return paginate([selectors.version_to_dict(version) for version in selectors.list_latest_versions()], None)


@router.post("", response={201: dict[str, Any]})
def register_model(request: HttpRequest) -> tuple[int, dict[str, Any]]:
    """Register a trial's MLflow model as the next version of a name."""
    document = read_document(request)
    missing = [key for key in ("name", "path") if not isinstance(document.get(key), str) or not document[key]]
    if missing:
        details = [Detail(f"{key} is missing or no text", path=key) for key in missing]
        raise InvalidDocumentError(
            "A model needs a name and a path.",
            hint="path: azureml://jobs/<job>_HD_<n>/outputs/artifacts/outputs/mlflow-model/ or a job name.",
            details=details,
        )
    if document.get("type", "mlflow_model") != "mlflow_model":
        detail = Detail(f"{document['type']!r} is not mlflow_model", path="type")
        raise InvalidDocumentError("Darkroom registers MLflow models.", hint="type: mlflow_model", details=[detail])
    version = services.register_model(
        name=document["name"],
        path=document["path"],
        user=acting_user(request),
        description=str(document.get("description") or ""),
        tags=document.get("tags") or {},
    )
    return 201, selectors.version_to_dict(version)


@router.get("/{name}/versions")
def list_versions(request: HttpRequest, name: str) -> dict[str, Any]:
    """Every version of one model, newest first."""
    selectors.get_version(name)
    return paginate([selectors.version_to_dict(version) for version in selectors.list_versions(name)], None)


@router.get("/{name}/versions/{number}")
def get_version(request: HttpRequest, name: str, number: str) -> dict[str, Any]:
    """One version (`latest` allowed) with metrics, settings and lineage."""
    return selectors.version_to_dict(selectors.get_version(name, number))


@router.get("/{name}/versions/{number}/download")
def download(request: HttpRequest, name: str, number: str) -> HttpResponseBase:
    """The MLflow model as a zip."""
    return download_response(request, selectors.get_version(name, number))


@router.post("/{name}/versions/{number}/settings", response={201: dict[str, Any]})
def update_settings(request: HttpRequest, name: str, number: str) -> tuple[int, dict[str, Any]]:
    """The same weights with new inference settings, as the next version."""
    user = acting_user(request)
    version = services.update_settings(selectors.get_version(name, number), read_document(request), user=user)
    return 201, selectors.version_to_dict(version)


@router.delete("/{name}/versions/{number}", response={204: None})
def delete_version(request: HttpRequest, name: str, number: str) -> tuple[int, None]:
    """Remove a version that no deployment serves."""
    services.delete_version(selectors.get_version(name, number))
    return 204, None
