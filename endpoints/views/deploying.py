"""The deploy wizard: one short page, from the endpoint to the traffic."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from endpoints import selectors, services
from models_registry.http import acting_user
from models_registry.selectors import list_versions
from vision.errors import UserError

DEFAULTS = {
    "endpoint": "",
    "new_endpoint": "",
    "model": "",
    "deployment": "blue",
    "instance_count": "1",
    "request_timeout_ms": "90000",
    "traffic": "0",
}


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    error: UserError | None = None
    values = {key: request.GET.get(key, default) for key, default in DEFAULTS.items()}
    if request.method == "POST":
        values = {key: request.POST.get(key, default).strip() for key, default in DEFAULTS.items()}
        try:
            deployment = services.deploy_model(_read(values), user=acting_user(request))
        except UserError as problem:
            error = problem
        else:
            messages.success(request, f"{deployment.name} is being started; this page follows it.")
            return redirect(deployment.endpoint)
    return render(request, "endpoints/new.html", _context(values, error), status=error.status if error else 200)


def _read(values: dict[str, str]) -> services.DeployRequest:
    return services.DeployRequest(
        endpoint=values["endpoint"],
        new_endpoint=values["new_endpoint"],
        model=f"azureml:{values['model'].removeprefix('azureml:')}",
        deployment=values["deployment"],
        instance_count=_number(values["instance_count"]),
        request_timeout_ms=_number(values["request_timeout_ms"]),
        traffic=min(100, int(values["traffic"])) if values["traffic"].isdecimal() else 0,
    )


def _number(text: str) -> int | str:
    """A number where it is one; else the text, which the document check then names with its place."""
    return int(text) if text.isdecimal() else text


def _context(values: dict[str, str], error: UserError | None) -> dict[str, Any]:
    versions = list(list_versions())
    model = values["model"].removeprefix("azureml:")
    if not model and versions:
        model = str(versions[0])
    endpoints = list(selectors.list_endpoints())
    if not values["new_endpoint"] and not values["endpoint"]:
        values = {**values, "new_endpoint": _suggest_endpoint(model, {endpoint.name for endpoint in endpoints})}
    choices = [{"value": str(v), "version": v, "is_chosen": str(v) == model} for v in versions]
    return {"nav": "endpoints", "values": values, "models": choices, "endpoints": endpoints, "error": error}


def _suggest_endpoint(model: str, taken: set[str]) -> str:
    letters = "".join(c if c.isascii() and c.isalnum() else "-" for c in model.partition(":")[0])
    base = "-".join(part for part in letters.split("-") if part)[:24].rstrip("-")
    base = base if base[:1].isalpha() and len(base) >= 3 else f"model-{base}".rstrip("-")
    return next(name for name in (base, *(f"{base}-{i}" for i in range(2, 1000))) if name not in taken)
