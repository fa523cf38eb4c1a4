from __future__ import annotations

import pytest
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.services]


def test_pages_ask_a_stranger_to_sign_in():
    answer = Client().get("/compute/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


def test_every_answer_carries_a_strict_policy():
    answer = Client().get("/compute/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"


def test_static_files_need_no_sign_in():
    answer = Client().get("/static/vendor/htmx/htmx.min.js", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer["Content-Encoding"] == "gzip"


def test_scoring_needs_no_session():
    answer = Client(enforce_csrf_checks=True).post(
        "/endpoints/nothing-here/score", b"{}", content_type="application/json"
    )
    assert answer.status_code in (401, 404)
