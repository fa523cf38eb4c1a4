"""Reading endpoints and deployments."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from endpoints.models import Deployment, DeploymentInstance, Endpoint
from vision.errors import NotFoundError


def list_endpoints() -> QuerySet[Endpoint]:
    """Every endpoint with its deployments, by name."""
    return Endpoint.objects.prefetch_related("deployments__model_version__model", "deployments__instances")


def get_endpoint(name: str) -> Endpoint:
    """One endpoint.

    Raises:
        NotFoundError: no such endpoint.
    """
    found = list_endpoints().filter(name=name).first()
    if found is None:
        raise NotFoundError(f"There is no endpoint named {name!r}.", hint="The Endpoints page lists them.")
    return found


def get_deployment(endpoint_name: str, name: str) -> Deployment:
    """One deployment of an endpoint.

    Raises:
        NotFoundError: no such endpoint or deployment; the hint lists what there is.
    """
    endpoint = get_endpoint(endpoint_name)
    deployments = {deployment.name: deployment for deployment in endpoint.deployments.all()}
    if name not in deployments:
        known = ", ".join(deployments) or "none yet"
        raise NotFoundError(f"Endpoint {endpoint_name} has no deployment {name!r}.", hint=f"Its deployments: {known}.")
    return deployments[name]


def get_logs(deployment: Deployment, lines: int | None = None) -> str:
    """The last log lines of every instance, each under its number."""
    parts = []
    for instance in deployment.instances.order_by("index"):
        text = instance.log_tail.rstrip()
        if lines is not None:
            text = "\n".join(text.splitlines()[-lines:])
        parts.append(f"==> instance {instance.index} ({instance.state}) <==\n{text}\n")
    return "\n".join(parts)


def endpoint_to_dict(endpoint: Endpoint, base_url: str) -> dict[str, Any]:
    """The endpoint in its REST shape. `base_url` is the server as its caller sees it, without a slash at the end."""
    deployments = list(endpoint.deployments.all())
    return {
        "name": endpoint.name,
        "auth_mode": endpoint.auth_mode,
        "description": endpoint.description,
        "tags": endpoint.tags,
        "traffic": {d.name: endpoint.traffic.get(d.name, 0) for d in deployments},
        "mirror_traffic": endpoint.mirror_traffic,
        "scoring_uri": f"{base_url}/endpoints/{endpoint.name}/score",
        "provisioning_state": "Succeeded",
        "deployments": [d.name for d in deployments],
        "created_at": endpoint.created_at.isoformat(),
    }


def deployment_to_dict(deployment: Deployment) -> dict[str, Any]:
    """The deployment in its REST shape."""
    return {
        "name": deployment.name,
        "endpoint_name": deployment.endpoint.name,
        "model": deployment.model_version.reference,
        "instance_count": deployment.instance_count,
        "environment_variables": deployment.environment_variables,
        "request_settings": {
            "request_timeout_ms": deployment.request_timeout_ms,
            "max_concurrent_requests_per_instance": deployment.max_concurrent_requests_per_instance,
        },
        "liveness_probe": deployment.liveness_probe,
        "readiness_probe": deployment.readiness_probe,
        "provisioning_state": deployment.provisioning_state,
        "traffic": deployment.endpoint.traffic.get(deployment.name, 0),
        "error": deployment.error,
        "instances": [_instance_to_dict(instance) for instance in deployment.instances.all()],
        "created_at": deployment.created_at.isoformat(),
        "updated_at": deployment.updated_at.isoformat(),
    }


def _instance_to_dict(instance: DeploymentInstance) -> dict[str, Any]:
    return {
        "index": instance.index,
        "state": instance.state,
        "node": instance.node.name if instance.node else None,
        "restarts": instance.restarts,
        "started_at": instance.started_at.isoformat() if instance.started_at else None,
        "error": instance.error,
    }
