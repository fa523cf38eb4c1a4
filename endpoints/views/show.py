"""Pages that show endpoints."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from endpoints import selectors
from endpoints.models import Endpoint
from endpoints.samples import make_samples
from endpoints.views.context import TABS, base_context, deployment_rows
from endpoints.views.test import test_context
from models_registry.http import page
from vision.catalog.task_types import TaskType


@require_GET
def list_endpoints(request: HttpRequest) -> HttpResponse:
    rows = [{"endpoint": endpoint, "deployments": deployment_rows(endpoint)} for endpoint in selectors.list_endpoints()]
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
        context["samples"] = make_samples(context["uri"], endpoint.primary_key, _task_type(endpoint))
        context["keys"] = [("Primary", endpoint.primary_key), ("Secondary", endpoint.secondary_key)]
    if tab == "logs":
        context |= _log_context(endpoint, request.GET.get("deployment", ""))
    return render(request, f"endpoints/detail_{tab}.html", context)


@page
@require_GET
def list_deployments(request: HttpRequest, name: str) -> HttpResponseBase:
    """The deployments alone, for the page to refresh itself."""
    endpoint = selectors.get_endpoint(name)
    context = base_context(request, endpoint, "overview") | {"is_fragment": True}
    return render(request, "endpoints/_deployments.html", context)


@page
@require_GET
def show_log(request: HttpRequest, name: str, deployment: str) -> HttpResponseBase:
    """One deployment's log alone, for the page to refresh itself."""
    return render(request, "endpoints/_log.html", _log_context(selectors.get_endpoint(name), deployment))


def _task_type(endpoint: Endpoint) -> str:
    """What the models behind the endpoint do; where they differ, the first one's counts."""
    deployment = next(iter(endpoint.deployments.all()), None)
    return deployment.model_version.task_type if deployment else TaskType.CLASSIFICATION


def _log_context(endpoint: Endpoint, name: str) -> dict[str, Any]:
    deployments = list(endpoint.deployments.all())
    chosen = next((d for d in deployments if d.name == name), deployments[0] if deployments else None)
    log = selectors.get_logs(chosen) if chosen else ""
    return {"deployments": deployments, "chosen": chosen, "log": log, "endpoint": endpoint}
