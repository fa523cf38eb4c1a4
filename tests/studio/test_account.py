import pytest
from django.conf import settings
from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_link_signs_in_and_goes_on(owner):
    client = Client()
    answer = client.get("/sign-in/", {"token": settings.STUDIO_ADMIN_TOKEN, "next": "/jobs/"})
    assert (answer.status_code, answer["Location"]) == (302, "/jobs/")
    assert client.get("/account/").status_code == 200


@pytest.mark.parametrize("onward", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
def test_the_link_leads_to_no_other_site(owner, onward):
    answer = Client().get("/sign-in/", {"token": settings.STUDIO_ADMIN_TOKEN, "next": onward})
    assert answer["Location"] == "/"


def test_a_wrong_token_is_refused_in_words():
    client = Client()
    answer = client.post("/sign-in/", {"token": "guess"})
    assert answer.status_code == 403
    assert "not the right one" in answer.content.decode()
    assert client.get("/account/").status_code == 302


def test_a_stranger_is_sent_to_sign_in_and_back():
    answer = Client().get("/jobs/?status=Failed")
    assert answer["Location"] == "/sign-in/?next=/jobs/%3Fstatus%3DFailed"


def test_signing_out(signed_in):
    assert signed_in.get("/sign-out/").status_code == 405
    assert signed_in.post("/sign-out/")["Location"] == "/sign-in/"
    assert signed_in.get("/account/").status_code == 302


def test_the_token_is_shown_to_its_owner_alone(signed_in, django_user_model):
    assert settings.STUDIO_ADMIN_TOKEN in signed_in.get("/account/").content.decode()
    guest = Client()
    guest.force_login(django_user_model.objects.create_user("guest"))
    assert settings.STUDIO_ADMIN_TOKEN not in guest.get("/account/").content.decode()


@pytest.mark.parametrize("path", ["/account/", "/api/docs"])
def test_the_sample_call_goes_to_the_address_one_is_at(signed_in, path):
    page = signed_in.get(path, headers={"host": "localhost:8791"}).content.decode()
    assert "http://localhost:8791/api/v1/jobs" in page
    assert "$DARKROOM_TOKEN" in page
