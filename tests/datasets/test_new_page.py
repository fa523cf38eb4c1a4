"""The page of a new dataset, as a browser without JavaScript gets it, and what its script asks for."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from datasets.models import Dataset, DatasetVersion, Transfer
from tests.datasets.factories import dataset_files, upload, zip_bytes
from tests.datasets.test_sources import send_group
from vision.data.options import ImportSettings

pytestmark = [pytest.mark.services, pytest.mark.django_db]
JSON = {"Accept": "application/json"}


@pytest.fixture
def page(db):
    return reverse("datasets:new")


def test_every_setting_has_its_field_with_default_and_words(signed_in, page):
    shown = signed_in.get(page).content.decode()
    for name, field in ImportSettings.model_fields.items():
        assert f'name="{name}"' in shown
        assert str(field.title) in shown
    assert '<option value="keep" selected>' in shown
    assert 'max="16"' in shown
    assert "<details" in shown
    assert "<details open" not in shown.replace('class="mb-2" ', "")


def test_the_form_sends_its_settings(signed_in, page, storage):
    fields = {"name": "parts", "file": upload(), "unlabelled": "drop", "seed": "7", "max_errors": "", "split": "assign"}
    assert signed_in.post(page, fields).status_code == 302
    options = DatasetVersion.objects.get().options
    expected = {"unlabelled": "drop", "seed": 7, "max_errors": None, "split": "assign"}
    assert expected.items() <= options.items()


def test_a_wrong_setting_is_said_and_the_rest_kept(signed_in, page, storage):
    answer = signed_in.post(page, {"name": "parts", "file": upload(), "group_pattern": "(", "unlabelled": "drop"})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "group_pattern" in shown
    assert '<option value="drop" selected>' in shown
    assert 'value="parts"' in shown
    assert not Dataset.objects.exists()


def test_a_script_asks_first_whether_all_is_well(signed_in, page):
    good = signed_in.post(page, {"check": "1", "name": "parts", "unlabelled": "drop"}, headers=JSON)
    assert (good.status_code, good.content) == (204, b"")
    for fields in ({"name": "a/b"}, {"name": ""}, {"name": "x", "seed": "-1"}, {"name": "x", "task": "guessing"}):
        bad = signed_in.post(page, {"check": "1", **fields}, headers=JSON)
        assert bad.status_code in (404, 422)
        assert bad.json()["error"]["message"]
    assert not Dataset.objects.exists()


def test_files_sent_before_become_a_dataset(signed_in, page, owner, storage):
    group = send_group(owner, {f"My plant/{path}": content for path, content in dataset_files().items()})
    answer = signed_in.post(page, {"name": "", "transfer_group": group}, headers=JSON)
    assert (answer.status_code, answer.json()) == (202, {"location": "/datasets/My-plant/?version=1"})
    again = signed_in.post(page, {"name": "", "transfer_group": group}, headers=JSON)
    assert again.json()["error"]["code"] == "invalid_name"
    again = signed_in.post(page, {"name": "My-plant", "transfer_group": group}, headers=JSON)
    assert again.json() == answer.json()


def test_unfinished_uploads_are_offered_and_can_be_discarded(signed_in, page, owner):
    assert "Unfinished uploads" not in signed_in.get(page).content.decode()
    group = send_group(owner, {"plant/a.jpg": b"x" * 500, "plant/b.jpg": b"y" * 500})
    Transfer.objects.filter(path="plant/b.jpg").update(completed_at=None, offset=100)
    shown = signed_in.get(page).content.decode()
    assert "Unfinished uploads" in shown
    assert "1 of 2 files whole" in shown
    assert "Make a dataset of it" not in shown
    assert signed_in.post(reverse("datasets:discard", args=[group])).status_code == 302
    assert not Transfer.objects.exists()


def test_a_whole_upload_without_a_dataset_can_still_become_one(signed_in, page, owner, storage):
    group = send_group(owner, {"parts.zip": zip_bytes(dataset_files())})
    assert f"?transfer_group={group}" in signed_in.get(page).content.decode()
    shown = signed_in.get(page, {"transfer_group": group}).content.decode()
    assert "are here already" in shown
    assert 'type="file"' not in shown
    assert signed_in.post(page, {"name": "", "transfer_group": group})["Location"] == "/datasets/parts/?version=1"


@pytest.mark.parametrize("group", ["x", "0f6c3c5e-5e0e-4f0f-9c1e-3f5d5a1b7c2d"])
def test_a_group_nobody_knows(signed_in, page, group):
    assert 'type="file"' in signed_in.get(page, {"transfer_group": group}).content.decode()
    assert signed_in.post(page, {"name": "x", "transfer_group": group}).status_code == 404


def test_others_uploads_are_not_shown(signed_in, page, django_user_model):
    other = django_user_model.objects.create(username="other")
    group = send_group(other, {"a": b"x"})
    assert "Unfinished uploads" not in signed_in.get(page).content.decode()
    signed_in.post(reverse("datasets:discard", args=[group]))
    assert Transfer.objects.count() == 1


def test_discarding_needs_the_csrf_token(owner, page):
    group = send_group(owner, {"a": b"x"})
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(owner)
    assert careful.post(reverse("datasets:discard", args=[group])).status_code == 403
    assert Transfer.objects.count() == 1


def test_the_server_tab_says_what_is_allowed_or_how_to(signed_in, page, settings, tmp_path):
    assert "STUDIO_IMPORT_FOLDERS" in signed_in.get(page, {"from": "server"}).content.decode()
    settings.STUDIO_IMPORT_FOLDERS = str(tmp_path)
    shown = signed_in.get(page, {"from": "server", "name": "a&b"}).content.decode()
    assert str(tmp_path) in shown
    assert "from=url&amp;name=a%26b" in shown
    answer = signed_in.post(page, {"from": "server", "path": "/etc", "name": ""})
    assert answer.status_code == 422
    assert 'value="/etc"' in answer.content.decode()


def test_the_url_tab_says_what_is_allowed_or_how_to(signed_in, page, settings):
    assert "STUDIO_IMPORT_URLS" in signed_in.get(page, {"from": "url"}).content.decode()
    settings.STUDIO_IMPORT_URLS = "s3://photos/"
    assert "s3://photos/" in signed_in.get(page, {"from": "url"}).content.decode()


def test_a_folder_of_the_server_by_the_form(signed_in, page, settings, tmp_path, storage):
    settings.STUDIO_IMPORT_FOLDERS = str(tmp_path)
    (tmp_path / "plant 7").mkdir()
    answer = signed_in.post(page, {"from": "server", "path": f"{tmp_path}/plant 7/", "name": ""})
    assert answer["Location"] == "/datasets/plant-7/?version=1"
