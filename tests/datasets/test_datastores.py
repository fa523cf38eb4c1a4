"""Datastores over REST and as pages: for administrators, within what the settings allow."""

from __future__ import annotations

import fsspec
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from datasets.models import Datastore

pytestmark = [pytest.mark.services, pytest.mark.django_db]
ROOT = "/api/v1/datastores"


@pytest.fixture
def photos(tmp_path, settings):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"x")
    settings.STUDIO_IMPORT_FOLDERS = str(tmp_path)
    settings.STUDIO_IMPORT_URLS = "memory://box/"
    return tmp_path / "photos"


def post(api, **fields):
    return api.post(ROOT, fields, content_type="application/json")


def test_a_folder_of_the_server(api, photos):
    answer = post(api, name="photos", location=f"{photos}/", prefix="wasbs://box@plant.blob.core.windows.net/")
    assert answer.status_code == 201
    assert api.get(ROOT).json()["items"][0]["location"] == str(photos)
    assert api.post(f"{ROOT}/photos/test").json() == {"can_read": True, "names": ["a.jpg"]}
    assert api.delete(f"{ROOT}/photos").status_code == 204
    assert not Datastore.objects.exists()
    assert (photos / "a.jpg").exists()


def test_another_file_system(api, photos):
    fsspec.filesystem("memory").pipe_file("/box/in/b.jpg", b"x")
    assert post(api, name="box", location="memory://box/in").status_code == 201
    assert api.post(f"{ROOT}/box/test").json()["names"] == ["b.jpg"]
    assert post(api, name="none", location="memory://box/none").status_code == 201
    answer = api.post(f"{ROOT}/none/test")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unreadable_source")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": "a/b"}, 422),
        ({"name": ""}, 422),
        ({"name": "../x"}, 422),
        ({"location": "/etc"}, 422),
        ({"location": "{photos}/a.jpg"}, 422),
        ({"location": "{photos}/none"}, 422),
        ({"location": "s3://elsewhere"}, 422),
        ({"location": "file:///etc"}, 422),
        ({"location": ""}, 422),
        ({"prefix": "no address"}, 422),
        ({"prefix": "file:///etc/"}, 422),
        ({"prefix": "https://x/?sig=1"}, 422),
        ({"prefix": "https://x/" + "a" * 500}, 422),
        ({"name": "there"}, 409),
    ],
)
def test_what_cannot_be(api, photos, fields, status):
    Datastore.objects.create(name="there", location=str(photos))
    given = {"name": "photos", "location": str(photos)} | fields
    given = {key: value.replace("{photos}", str(photos)) for key, value in given.items()}
    answer = post(api, **given)
    assert answer.status_code == status, answer.content
    assert answer.json()["error"]["hint"]
    assert Datastore.objects.count() == 1


def test_names_that_lead_nowhere(api):
    assert api.post(f"{ROOT}/none/test").status_code == 404
    assert api.delete(f"{ROOT}/none").status_code == 404


def test_not_for_others(photos, client):
    client.force_login(User.objects.create(username="someone"))
    assert client.get(ROOT).status_code == 403
    assert client.get(reverse("datasets:datastores")).status_code == 403
    assert client.post(reverse("datasets:datastores"), {"name": "x", "location": str(photos)}).status_code == 403
    assert Client().get(ROOT).status_code == 401
    assert Client().get(reverse("datasets:datastores")).status_code == 302


def test_the_page_adds_tests_and_removes(signed_in, photos):
    page = reverse("datasets:datastores")
    assert "No datastore yet" in signed_in.get(page).content.decode()
    signed_in.post(page, {"name": "photos", "location": str(photos), "prefix": ""})
    shown = signed_in.get(page).content.decode()
    assert f"photos leads to {photos} now" in shown
    assert "datastores/photos/paths" in shown
    tested = signed_in.post(reverse("datasets:datastore-test", args=["photos"]), follow=True)
    assert "it holds a.jpg" in tested.content.decode()
    (photos / "a.jpg").unlink()
    photos.rmdir()
    tested = signed_in.post(reverse("datasets:datastore-test", args=["photos"]), follow=True)
    assert "is not on the server" in tested.content.decode()
    signed_in.post(reverse("datasets:datastore-delete", args=["photos"]))
    assert not Datastore.objects.exists()


def test_the_page_says_what_is_wrong_and_keeps_what_was_typed(signed_in, photos):
    answer = signed_in.post(reverse("datasets:datastores"), {"name": "photos", "location": "/etc"})
    assert answer.status_code == 422
    assert "STUDIO_IMPORT_FOLDERS" in answer.content.decode()
    assert 'value="/etc"' in answer.content.decode()


def test_the_page_escapes_what_others_typed(signed_in, photos):
    Datastore.objects.create(name="x", location=str(photos), prefix="https://a/<script>alert(1)</script>")
    assert "<script>alert" not in signed_in.get(reverse("datasets:datastores")).content.decode()
