"""Importing again by the pages: what a finding offers, the form it leads to, and the version that comes of it."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from datasets import services
from datasets.models import DatasetVersion
from datasets.remedies import REMEDIES, list_remedies
from datasets.views.settings_form import to_texts
from tests.datasets.factories import create_ready_version, dataset_files, json_lines
from tests.datasets.test_keeping import boxes_in_pixels
from tests.datasets.versions import finish
from vision.data.options import ImportSettings

pytestmark = [pytest.mark.services, pytest.mark.django_db]
FORM = "/datasets/parts/versions/1/import-again/"


def shown(client, address: str, **query) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200, answer
    return html.unescape(answer.content.decode())


def without_labels() -> dict:
    files = dataset_files(validation=0)
    rows = [{"image_url": f"images/training_{n}.jpg", "klass": "red"} for n in range(12)]
    files["training-mltable-folder/train_annotations.jsonl"] = json_lines(rows)
    return files


@pytest.fixture
def failed(storage) -> DatasetVersion:
    return create_ready_version(files=boxes_in_pixels())


def test_failed_version_leads_to_the_form_with_the_setting_set(signed_in, failed):
    page = shown(signed_in, "/datasets/parts/")
    assert "Nothing needs to be sent again" in page
    assert f'href="{FORM}"' in page
    link = re.search(rf'href="({FORM}\?coordinates=pixels)"', page)
    assert link is not None
    form = shown(signed_in, link[1])
    assert '<option value="pixels" selected>' in form
    assert "Set for you" in form
    answer = signed_in.post(FORM, {"task": "", "format": "", "coordinates": "pixels"})
    assert answer["Location"] == "/datasets/parts/?version=2"
    assert finish(DatasetVersion.objects.get(number=2)).task_type == "image_object_detection"
    assert "Imported again with coordinates: pixels" in shown(signed_in, "/datasets/parts/versions/")


def test_form_begins_with_the_settings_of_before(signed_in, storage):
    version = create_ready_version()
    DatasetVersion.objects.update(options=version.options | {"seed": 41, "unlabelled": "drop", "max_errors": 3})
    form = shown(signed_in, FORM)
    assert 'value="41"' in form
    assert 'name="max_errors" type="number" value="3"' in form
    assert '<option value="drop" selected>' in form
    assert "<details" in form
    assert "Set for you" not in form
    fields = to_texts(version.options) | {"max_errors": "", "task": version.task_type, "format": version.format}
    assert signed_in.post(FORM, fields).status_code == 302
    assert DatasetVersion.objects.get(number=2).options == ImportSettings().model_dump(mode="json")


def test_wrong_setting_is_said_and_the_rest_kept(signed_in, failed):
    answer = signed_in.post(FORM, {"group_pattern": "(", "unlabelled": "drop"})
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert "group_pattern" in page
    assert '<option value="drop" selected>' in page
    assert DatasetVersion.objects.count() == 1


def test_report_offers_what_a_setting_can_mend(signed_in, failed):
    page = shown(signed_in, "/datasets/parts/report/")
    assert "Import again with other settings" in page
    assert f'href="{FORM}?coordinates=pixels"' in page


def test_label_field_that_is_named_otherwise(signed_in, storage):
    version = create_ready_version(files=without_labels())
    assert version.status == "failed"
    assert f'href="{FORM}#target_column_name"' in shown(signed_in, "/datasets/parts/report/")
    signed_in.post(FORM, {"target_column_name": "klass", "task": "", "format": ""})
    made = DatasetVersion.objects.get(number=2)
    services.import_version(made.pk, str(made.token))
    made.refresh_from_db()
    assert (made.status, made.target_column_name, made.split_counts) == ("ready", "klass", {"train": 12})


def test_nothing_is_offered_once_the_upload_is_gone(signed_in, failed):
    DatasetVersion.objects.update(ended_at=timezone.now() - timedelta(days=8))
    for address in ("/datasets/parts/", "/datasets/parts/report/", "/datasets/parts/versions/"):
        assert "import-again" not in shown(signed_in, address)
    for answer in (signed_in.get(FORM, follow=True), signed_in.post(FORM, follow=True)):
        assert answer.redirect_chain[0][0] == "/datasets/parts/?version=1"
        assert "is not kept any more" in answer.content.decode()
    assert DatasetVersion.objects.count() == 1


def test_versions_page_tells_of_the_upload_and_deleting_counts_it(signed_in, storage):
    version = create_ready_version()
    page = shown(signed_in, "/datasets/parts/versions/")
    assert "Upload of" in page
    assert f'href="{FORM}"' in page
    asked = shown(signed_in, "/datasets/parts/versions/1/delete/")
    assert "the upload it was imported from" in asked
    services.import_again(version, None)
    assert "the upload it was imported from" not in shown(signed_in, "/datasets/parts/versions/1/delete/")


def test_names_that_lead_nowhere(signed_in, failed):
    assert signed_in.get("/datasets/parts/versions/9/import-again/").status_code == 404
    assert signed_in.post("/datasets/nothing/versions/1/import-again/").status_code == 404


@pytest.mark.parametrize("code", REMEDIES)
def test_every_remedy_sets_fields_the_form_has(signed_in, failed, code):
    """With the values it has to choose from: what it leads to can be posted as it stands."""
    for remedy in list_remedies(failed, code):
        address, _, anchor = remedy["url"].partition("#")
        form = shown(signed_in, address)
        assert not anchor or f'id="{anchor}"' in form
    known = {"task", "format", "target_column_name", *ImportSettings.model_fields}
    for remedy in REMEDIES[code]:
        assert {*remedy.settings, *([remedy.look_at] if remedy.look_at else [])} <= known
        ImportSettings.model_validate({name: value for name, value in remedy.settings.items() if value})


def test_background_is_not_offered_where_it_means_nothing(storage):
    version = create_ready_version()
    assert [remedy["title"] for remedy in list_remedies(version, "unlabelled")] == ["Leave them out"]
    assert list_remedies(version, "pixel_coordinates") == []
    assert list_remedies(version, "invalid_json") == []
