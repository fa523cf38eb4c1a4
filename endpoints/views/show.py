"""Pages that show endpoints."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from endpoints import selectors
from endpoints.models import Deployment, DeploymentInstance, Endpoint
from endpoints.samples import make_samples
from endpoints.views.test import test_context
from models_registry.http import page

TABS = {
    "overview": "Overview",
    "test": "Test",
    "consume": "Consume",
    "logs": "Logs",
    "settings": "Settings",
}
_INSTANCE_WORDS = {
    DeploymentInstance.State.PENDING: "waiting for a machine",
    DeploymentInstance.State.STARTING: "starting, loading the model",
    DeploymentInstance.State.HEALTHY: "healthy, model warm",
    DeploymentInstance.State.UNHEALTHY: "restarting",
    DeploymentInstance.State.FAILED: "failed",
}


@require_GET
def list_endpoints(request: HttpRequest) -> HttpResponse:
    rows = [{"endpoint": endpoint, "deployments": _rows(endpoint)} for endpoint in selectors.list_endpoints()]
    return render(request, "endpoints/list.html", {"nav": "endpoints", "rows": rows})


@never_cache
@page
@require_GET
def show_endpoint(request: HttpRequest, name: str, tab: str = "overview") -> HttpResponseBase:
    if tab not in TABS:
        raise Http404(f"An endpoint has no tab {tab!r}.")
    endpoint = selectors.get_endpoint(name)
    context = base_context(request, endpoint, tab)
    if tab == "test":
        context |= test_context(endpoint, request.GET)
    if tab == "consume":
        context["samples"] = make_samples(context["uri"], endpoint.primary_key)
        context["keys"] = [("Primary", endpoint.primary_key), ("Secondary", endpoint.secondary_key)]
    if tab == "logs":
        context |= _log_context(endpoint, request.GET.get("deployment", ""))
    return render(request, f"endpoints/detail_{tab}.html", context)


@page
@require_GET
def list_deployments(request: HttpRequest, name: str) -> HttpResponseBase:
    """The deployments alone, for the page to refresh itself."""
    endpoint = selectors.get_endpoint(name)
    return render(request, "endpoints/_deployments.html", base_context(request, endpoint, "overview"))


@page
@require_GET
def show_log(request: HttpRequest, name: str, deployment: str) -> HttpResponseBase:
    """One deployment's log alone, for the page to refresh itself."""
    return render(request, "endpoints/_log.html", _log_context(selectors.get_endpoint(name), deployment))


def base_context(request: HttpRequest, endpoint: Endpoint, tab: str) -> dict[str, Any]:
    """What every tab of an endpoint shows."""
    rows = _rows(endpoint)
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


def _rows(endpoint: Endpoint) -> list[dict[str, Any]]:
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
        "log": (deployment.error or {}).get("log", ""),
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


def _log_context(endpoint: Endpoint, name: str) -> dict[str, Any]:
    deployments = list(endpoint.deployments.all())
    chosen = next((d for d in deployments if d.name == name), deployments[0] if deployments else None)
    log = selectors.get_logs(chosen) if chosen else ""
    return {"deployments": deployments, "chosen": chosen, "log": log, "endpoint": endpoint}
