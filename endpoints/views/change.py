"""What the buttons of an endpoint's pages do. Each posts, says what happened, and goes back to its tab."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from endpoints import selectors, services
from models_registry.http import page
from vision.errors import UserError


@page
@require_POST
def traffic(request: HttpRequest, name: str) -> HttpResponseBase:
    endpoint = selectors.get_endpoint(name)
    shares = {d.name: _whole(request.POST.get(f"traffic-{d.name}", "0")) for d in endpoint.deployments.all()}
    _try(request, lambda: services.update_traffic(endpoint, shares), "Traffic changed.")
    return redirect(endpoint)


@page
@require_POST
def regenerate(request: HttpRequest, name: str) -> HttpResponseBase:
    endpoint, key_type = selectors.get_endpoint(name), request.POST.get("key_type", "")
    done = f"{key_type.capitalize()} key replaced; the old one no longer works."
    _try(request, lambda: services.regenerate_keys(endpoint, key_type), done)
    return redirect("endpoints:tab", name, "consume")


@page
@require_POST
def describe(request: HttpRequest, name: str) -> HttpResponseBase:
    endpoint, description = selectors.get_endpoint(name), request.POST.get("description", "")
    _try(request, lambda: services.update_endpoint(endpoint, {"description": description}), "Description saved.")
    return redirect("endpoints:tab", name, "settings")


@page
@require_POST
def delete(request: HttpRequest, name: str) -> HttpResponseBase:
    endpoint = selectors.get_endpoint(name)
    if request.POST.get("confirm", "") != name:
        messages.error(request, f"Nothing was deleted: type {name} to confirm.")
        return redirect("endpoints:tab", name, "settings")
    services.delete_endpoint(endpoint)
    messages.success(request, f"Deleted endpoint {name} with its deployments.")
    return redirect("endpoints:list")


@page
@require_POST
def restart(request: HttpRequest, name: str, deployment: str) -> HttpResponseBase:
    found = selectors.get_deployment(name, deployment)
    _try(request, lambda: services.restart_deployment(found), f"{deployment} is being restarted.")
    return redirect("endpoints:detail", name)


@page
@require_POST
def delete_deployment(request: HttpRequest, name: str, deployment: str) -> HttpResponseBase:
    found = selectors.get_deployment(name, deployment)
    _try(request, lambda: services.delete_deployment(found), f"Deleted deployment {deployment}.")
    return redirect("endpoints:detail", name)


def _try(request: HttpRequest, act: Callable[[], object], done: str) -> None:
    try:
        act()
    except UserError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)


def _whole(text: str) -> int:
    return int(text) if text.strip().isdecimal() else 0
