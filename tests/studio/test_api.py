from __future__ import annotations

import pytest
from django.conf import settings
from django.http import Http404, HttpRequest
from django.test import Client, RequestFactory
from ninja import NinjaAPI

from studio.accounts import check_token, get_owner
from studio.api_errors import add_error_handlers
from vision.errors import ConflictError, Detail

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_token_is_the_owners():
    assert check_token(settings.STUDIO_ADMIN_TOKEN) == get_owner()
    assert check_token("") is None
    assert check_token(settings.STUDIO_ADMIN_TOKEN[:-1]) is None
    assert check_token("pässword") is None


def test_owner_is_made_once():
    assert get_owner().pk == get_owner().pk
    assert not get_owner().has_usable_password()


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}])
@pytest.mark.parametrize("method", ["get", "post"])
def test_strangers_are_told_what_to_send(headers, method):
    answer = getattr(Client(enforce_csrf_checks=True, headers=headers), method)("/api/v1/jobs")
    assert answer.status_code == 401
    error = answer.json()["error"]
    assert error["code"] == "unauthorized"
    assert "Bearer" in error["hint"]
    assert answer["WWW-Authenticate"] == "Bearer"


def test_token_needs_no_csrf(api):
    assert api.get("/api/v1/compute").status_code == 200
    strict = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {settings.STUDIO_ADMIN_TOKEN}"})
    assert strict.post("/api/v1/jobs", b"{}", content_type="application/json").status_code in (400, 422)


def test_session_reads_and_writes_only_with_a_csrf_token(owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert client.get("/api/v1/compute").status_code == 200
    refused = client.post("/api/v1/jobs", b"{}", content_type="application/json")
    assert refused.status_code == 403
    assert "error" in refused.json()


def test_unknown_address_is_an_error_in_the_common_shape(api):
    answer = api.get("/api/v1/jobs/there-is-none")
    assert answer.status_code == 404
    assert set(answer.json()["error"]) >= {"code", "message", "hint", "details"}


def test_openapi_names_the_calls():
    paths = Client().get("/api/v1/openapi.json").json()["paths"]
    assert {"/api/v1/datasets", "/api/v1/jobs", "/api/v1/models", "/api/v1/online-endpoints", "/api/v1/compute"} <= set(
        paths
    )


@pytest.fixture(scope="module")
def failing() -> NinjaAPI:
    """A small API whose calls fail in each way there is."""
    api = NinjaAPI(urls_namespace="failing", docs_url=None)
    add_error_handlers(api)

    @api.get("/conflict")
    def conflict(request: HttpRequest) -> None:
        raise ConflictError("It runs.", hint="Stop it.", details=[Detail("here", path="a.b")])

    @api.get("/missing")
    def missing(request: HttpRequest) -> None:
        raise Http404

    @api.get("/fault")
    def fault(request: HttpRequest) -> None:
        raise RuntimeError("secret inside")

    @api.get("/typed")
    def typed(request: HttpRequest, limit: int) -> None:
        return None

    return api


def call(api: NinjaAPI, path: str):
    for pattern in api.urls[0]:
        match = pattern.resolve(path)
        if match:
            return match.func(RequestFactory().get(f"/{path}"), *match.args, **match.kwargs)
    raise AssertionError(path)


def test_user_error_keeps_its_status_and_details(failing):
    answer = call(failing, "conflict")
    assert answer.status_code == 409
    assert b'"path": "a.b"' in answer.content


def test_missing_and_invalid_have_the_same_shape(failing):
    assert call(failing, "missing").status_code == 404
    answer = call(failing, "typed")
    assert answer.status_code == 422
    assert b"query.limit" in answer.content


def test_fault_shows_a_reference_and_nothing_else(failing, caplog):
    answer = call(failing, "fault")
    assert answer.status_code == 500
    assert b"secret inside" not in answer.content
    import json

    reference = json.loads(answer.content)["error"]["reference"]
    assert reference in caplog.text
    assert "secret inside" in caplog.text
