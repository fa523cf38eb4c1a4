"""Signing in by the link that `make run` prints, the account page, signing out."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from studio.accounts import check_token
from vision.errors import UserError


@never_cache
@login_not_required
@sensitive_variables("token")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The link's token signs in at once; without one there is a form for it."""
    given = request.POST if request.method == "POST" else request.GET
    token, onward = given.get("token", "").strip(), _onward(request, given.get("next", ""))
    error = None
    if token:
        user = check_token(token)
        if user is not None:
            login(request, user)
            return redirect(onward)
        error = UserError("This token is not the right one.", hint="The link stands where Darkroom was started.")
    elif request.method == "POST":
        error = UserError("Paste the token first.")
    elif request.user.is_authenticated:
        return redirect(onward)
    return render(request, "registration/sign_in.html", {"error": error, "next": onward}, status=403 if error else 200)


def _onward(request: HttpRequest, address: str) -> str:
    is_ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if address and is_ours else reverse("home")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    messages.success(request, "Signed out.")
    return redirect("sign-in")


@never_cache
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    """Who is signed in, and the token for the REST API: the owner's, shown to the owner alone."""
    token = settings.STUDIO_ADMIN_TOKEN if getattr(request.user, "is_superuser", False) else ""
    return render(request, "account/account.html", {"nav": "account", "token": token, "sample": sample_call(request)})


def sample_call(request: HttpRequest) -> str:
    """A call of the REST API at the address this page was asked for, for a shell that has the token in a variable."""
    address = request.build_absolute_uri(reverse("home")).rstrip("/")
    return f'curl -H "Authorization: Bearer $DARKROOM_TOKEN" {address}/api/v1/jobs'
