"""`/api/v1/online-endpoints`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from datasets.http import paginate, read_document
from endpoints import selectors, services
from endpoints.models import Endpoint
from models_registry.http import acting_user

router = Router(tags=["online endpoints"])


def _to_dict(request: HttpRequest, endpoint: Endpoint) -> dict[str, Any]:
    return selectors.endpoint_to_dict(endpoint, request.build_absolute_uri("/").rstrip("/"))


@router.get("")
def list_endpoints(request: HttpRequest) -> dict[str, Any]:
    """Every endpoint."""
    return paginate([_to_dict(request, endpoint) for endpoint in selectors.list_endpoints()], None)


@router.post("", response={201: dict[str, Any]})
def create_endpoint(request: HttpRequest) -> tuple[int, dict[str, Any]]:
    """Make an endpoint from its document."""
    endpoint = services.create_endpoint(read_document(request), user=acting_user(request))
    return 201, _to_dict(request, endpoint)


@router.get("/{name}")
def get_endpoint(request: HttpRequest, name: str) -> dict[str, Any]:
    """One endpoint with its traffic and address."""
    return _to_dict(request, selectors.get_endpoint(name))


@router.patch("/{name}")
def update_endpoint(request: HttpRequest, name: str) -> dict[str, Any]:
    """Change traffic, mirror_traffic, description or tags."""
    services.update_endpoint(selectors.get_endpoint(name), read_document(request))
    return _to_dict(request, selectors.get_endpoint(name))


@router.delete("/{name}", response={204: None})
def delete_endpoint(request: HttpRequest, name: str) -> tuple[int, None]:
    """Remove an endpoint and all its deployments."""
    services.delete_endpoint(selectors.get_endpoint(name))
    return 204, None


@router.get("/{name}/keys")
def get_keys(request: HttpRequest, name: str) -> dict[str, str]:
    """Both keys."""
    return _keys(selectors.get_endpoint(name))


@router.post("/{name}/keys/regenerate")
def regenerate_keys(request: HttpRequest, name: str) -> dict[str, str]:
    """Replace one key: `{"key_type": "Primary"}` (the default) or `"Secondary"`."""
    document = read_document(request) if request.body else {}
    key_type = str(document.get("key_type") or document.get("keyType") or "primary")
    return _keys(services.regenerate_keys(selectors.get_endpoint(name), key_type))


@router.get("/{name}/deployments")
def list_deployments(request: HttpRequest, name: str) -> dict[str, Any]:
    """The deployments of an endpoint."""
    deployments = selectors.get_endpoint(name).deployments.all()
    return paginate([selectors.deployment_to_dict(deployment) for deployment in deployments], None)


@router.post("/{name}/deployments", response={201: dict[str, Any]})
def create_deployment(request: HttpRequest, name: str, all_traffic: bool = False) -> tuple[int, dict[str, Any]]:
    """Deploy a model version; `?all_traffic=true` sends it everything."""
    endpoint = selectors.get_endpoint(name)
    deployment = services.create_deployment(endpoint, read_document(request), all_traffic=all_traffic)
    return 201, selectors.deployment_to_dict(deployment)


@router.get("/{name}/deployments/{deployment}")
def get_deployment(request: HttpRequest, name: str, deployment: str) -> dict[str, Any]:
    """One deployment with the state of its instances."""
    return selectors.deployment_to_dict(selectors.get_deployment(name, deployment))


@router.patch("/{name}/deployments/{deployment}")
def update_deployment(request: HttpRequest, name: str, deployment: str) -> dict[str, Any]:
    """Change a deployment by a partial document."""
    changed = services.update_deployment(selectors.get_deployment(name, deployment), read_document(request))
    return selectors.deployment_to_dict(changed)


@router.post("/{name}/deployments/{deployment}/restart")
def restart_deployment(request: HttpRequest, name: str, deployment: str) -> dict[str, Any]:
    """Replace the model servers by fresh ones."""
    return selectors.deployment_to_dict(services.restart_deployment(selectors.get_deployment(name, deployment)))


@router.delete("/{name}/deployments/{deployment}", response={204: None})
def delete_deployment(request: HttpRequest, name: str, deployment: str) -> tuple[int, None]:
    """Remove a deployment that has no live traffic."""
    services.delete_deployment(selectors.get_deployment(name, deployment))
    return 204, None


@router.get("/{name}/deployments/{deployment}/logs")
def get_logs(request: HttpRequest, name: str, deployment: str, lines: int | None = None) -> dict[str, str]:
    """The last log lines of the deployment's model servers."""
    return {"content": selectors.get_logs(selectors.get_deployment(name, deployment), lines)}


def _keys(endpoint: Endpoint) -> dict[str, str]:
    return {"primaryKey": endpoint.primary_key, "secondaryKey": endpoint.secondary_key}
