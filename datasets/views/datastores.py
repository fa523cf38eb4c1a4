"""Datastores: where addresses of a cloud lead on this server. For administrators."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from datasets.allowed import list_folders, list_image_hosts, list_prefixes
from datasets.http import acting_user
from datasets.models import Datastore
from datasets.services.datastores import create_datastore, get_datastore, read_datastore
from vision.errors import UserError

View = Callable[..., HttpResponse]


def for_administrators(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        user = acting_user(request)
        if user is None or not user.is_staff:
            raise PermissionDenied
        return view(request, *args, **options)

    return guarded


@for_administrators
def listing(request: HttpRequest) -> HttpResponse:
    """All of them; a post adds one."""
    error: UserError | None = None
    if request.method == "POST":
        given = {key: request.POST.get(key, "") for key in ("name", "prefix", "location")}
        try:
            store = create_datastore(user=acting_user(request), **given)
            messages.success(request, f"{store.name} leads to {store.location} now.")
            return redirect("datasets:datastores")
        except UserError as caught:
            error = caught
    context = {
        "nav": "datasets",
        "error": error,
        "given": request.POST,
        "datastores": Datastore.objects.select_related("created_by"),
        "folders": list_folders(),
        "prefixes": list_prefixes(),
        "image_hosts": list_image_hosts(),
    }
    return render(request, "datasets/datastores.html", context, status=error.status if error else 200)


@require_POST
@for_administrators
def test(request: HttpRequest, name: str) -> HttpResponse:
    """Look into it."""
    try:
        found = read_datastore(get_datastore(name))
        what = f"it holds {', '.join(found)}" if found else "nothing is listed there"
        messages.success(request, f"{name} can be read: {what}.")
    except UserError as error:
        messages.error(request, str(error))
    return redirect("datasets:datastores")


@require_POST
@for_administrators
def delete(request: HttpRequest, name: str) -> HttpResponse:
    try:
        get_datastore(name).delete()
        messages.success(request, f"{name} was removed. What it led to stays.")
    except UserError as error:
        messages.error(request, str(error))
    return redirect("datasets:datastores")
