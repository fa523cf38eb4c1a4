"""What the pages of an endpoint show alike."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from endpoints.models import Deployment, DeploymentInstance, Endpoint

TABS = {
    "overview": "Overview",
    "test": "Test",
    "consume": "Consume",
    "logs": "Logs",
    "settings": "Settings",
}
_INSTANCE_WORDS = {
    DeploymentInstance.State.PENDING: "waiting for a machine",
    DeploymentInstance.State.STARTING: "loading the model",
    DeploymentInstance.State.HEALTHY: "model warm",
    DeploymentInstance.State.UNHEALTHY: "being restarted",
    DeploymentInstance.State.FAILED: "tried again every few minutes",
}


def base_context(request: HttpRequest, endpoint: Endpoint, tab: str) -> dict[str, Any]:
    """What every tab of an endpoint shows."""
    rows = deployment_rows(endpoint)
    return {
        "nav": "endpoints",
        "endpoint": endpoint,
        "rows": rows,
        "is_settled": all(row["is_settled"] for row in rows),
        "total": sum(row["traffic"] for row in rows),
        "uri": request.build_absolute_uri(reverse("endpoints:score", args=[endpoint.name])),
        "tab": tab,
        "tabs": [_tab(endpoint, key, label, tab) for key, label in TABS.items()],
    }


def deployment_rows(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [_row(endpoint, deployment) for deployment in endpoint.deployments.all()]


def _row(endpoint: Endpoint, deployment: Deployment) -> dict[str, Any]:
    instances = list(deployment.instances.all())
    healthy = sum(instance.state == DeploymentInstance.State.HEALTHY for instance in instances)
    settled = (Deployment.State.SUCCEEDED, Deployment.State.FAILED)
    return {
        "deployment": deployment,
        "traffic": endpoint.traffic.get(deployment.name, 0),
        "instances": [{"instance": i, "words": _INSTANCE_WORDS[DeploymentInstance.State(i.state)]} for i in instances],
        "healthy": healthy,
        "is_settled": deployment.provisioning_state in settled and healthy == deployment.instance_count,
    }


def _tab(endpoint: Endpoint, name: str, label: str, current: str) -> dict[str, Any]:
    is_first = name == "overview"
    url = reverse("endpoints:detail", args=[endpoint.name])
    return {
        "label": label,
        "url": url if is_first else reverse("endpoints:tab", args=[endpoint.name, name]),
        "current": name == current,
    }
