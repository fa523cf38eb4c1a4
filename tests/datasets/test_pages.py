"""The dataset pages as a browser without JavaScript gets them."""

from __future__ import annotations

import pytest
from django.urls import reverse

from datasets import selectors, services
from datasets.models import Dataset
from tests.datasets.factories import create_ready_version, dataset_files, image_bytes, json_lines, upload
from vision.catalog.task_types import TaskType
from vision.data.query import query_rows

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def first_row(version, **options):
    return query_rows(selectors.manifest_path(version), limit=1, **options).rows[0]


def test_empty_list_says_what_to_do(signed_in):
    page = signed_in.get(reverse("datasets:list")).content.decode()
    assert "No dataset yet" in page
    assert reverse("datasets:sample") in page


def test_pages_are_for_the_signed_in(client, db):
    assert client.get(reverse("datasets:list")).status_code == 302


def test_list_shows_the_newest_version(signed_in, storage):
    create_ready_version()
    create_ready_version()
    page = signed_in.get(reverse("datasets:list")).content.decode()
    assert "<td>2</td>" in page
    assert "16" in page


def test_plain_form_uploads_and_leads_to_the_dataset(signed_in, storage):
    answer = signed_in.post(reverse("datasets:new"), {"name": "", "file": upload(name="My Parts (2).zip")})
    assert answer.status_code == 302
    assert answer["Location"] == "/datasets/My-Parts-2/?version=1"


def test_script_gets_the_address_as_json(signed_in, storage):
    fields = {"name": "parts", "file": upload()}
    answer = signed_in.post(reverse("datasets:new"), fields, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()) == (202, {"location": "/datasets/parts/?version=1"})


@pytest.mark.parametrize("headers", [{}, {"Accept": "application/json"}])
def test_bad_name_is_said_on_the_form(signed_in, storage, headers):
    answer = signed_in.post(reverse("datasets:new"), {"name": "a/b", "file": upload()}, headers=headers)
    assert answer.status_code == 422
    assert "cannot name a dataset" in answer.content.decode()
    assert not Dataset.objects.exists()


def test_form_without_a_file_says_so(signed_in):
    answer = signed_in.post(reverse("datasets:new"), {"name": "x"})
    assert "No file was chosen" in answer.content.decode()


def test_sample_button_makes_the_sample(signed_in, storage):
    assert signed_in.post(reverse("datasets:sample"))["Location"] == "/datasets/fasteners/?version=1"
    assert signed_in.get(reverse("datasets:sample")).status_code == 405


def test_a_sample_of_each_task_is_one_click_away(signed_in, storage):
    for address in (reverse("datasets:list"), reverse("datasets:new")):
        page = signed_in.get(address).content.decode()
        for task_type in TaskType:
            assert f'name="task" value="{task_type}"' in page
    boxes = {"task": "image_object_detection"}
    assert signed_in.post(reverse("datasets:sample"), boxes)["Location"] == "/datasets/fasteners-detection/?version=1"
    wrong = signed_in.post(reverse("datasets:sample"), {"task": "guessing"}, follow=True)
    assert (wrong.redirect_chain[0][0], "guessing" in wrong.content.decode()) == ("/datasets/new/", True)


def test_home_offers_every_sample_the_multi_class_one_first(signed_in, storage):
    page = signed_in.get(reverse("home")).content.decode()
    assert "Use the sample data" in page
    for task_type in list(TaskType)[1:]:
        assert f'name="task" value="{task_type}"' in page
    assert signed_in.post(reverse("home"))["Location"] == "/datasets/fasteners/?version=1"
    polygons = signed_in.post(reverse("home"), {"task": "image_instance_segmentation"})
    assert polygons["Location"] == "/datasets/fasteners-segmentation/?version=1"


def test_import_shows_phase_and_percent_and_then_reloads(signed_in, storage):
    version = services.create_version(name="parts", file=upload(), file_name="parts.zip", user=None)
    type(version).objects.update(phase="checking", progress=0.42)
    page = signed_in.get(version.get_absolute_url()).content.decode()
    assert "Opening and checking each image" in page
    assert "42 %" in page
    htmx = {"HX-Request": "true"}
    assert "42 %" in signed_in.get(version.get_absolute_url(), headers=htmx).content.decode()
    services.import_version(version.pk, str(version.token))
    assert signed_in.get(version.get_absolute_url(), headers=htmx)["HX-Refresh"] == "true"


def test_overview_shows_balance_sizes_and_report(signed_in, storage):
    files = dataset_files()
    files["images/bad.jpg"] = b"<svg onload='alert(1)'>"
    line = {"image_url": "images/bad.jpg", "label": "<script>alert(1)</script>"}
    files["training-mltable-folder/train_annotations.jsonl"] += json_lines([line])
    page = signed_in.get(create_ready_version(files=files).get_absolute_url()).content.decode()
    assert "class-balance-options" in page
    assert "image-sizes-options" in page
    assert "train_annotations.jsonl:13" in page
    assert "an SVG drawing" in page
    assert "<script>alert(1)" not in page


def test_failed_import_says_why(signed_in, storage):
    version = create_ready_version(files=dataset_files(train=3))
    page = signed_in.get(version.get_absolute_url()).content.decode()
    assert "3 training images can be used" in page


def test_images_filter_and_page(signed_in, storage, monkeypatch):
    from datasets.views import images

    monkeypatch.setattr(images, "_PAGE", 4)
    create_ready_version()
    address = reverse("datasets:images", args=["parts"])
    page = signed_in.get(address, {"label": "red", "split": "train"}).content.decode()
    assert "4 images" in page
    assert page.count(".webp") == 4
    assert "data-more" not in page
    assert "data-more" in signed_in.get(address).content.decode()
    assert "No image matches" in signed_in.get(address, {"search": "nothing like it"}).content.decode()


def test_viewer_shows_the_line_and_its_neighbours(signed_in, storage):
    version = create_ready_version()
    page = signed_in.get(reverse("datasets:row", args=["parts", 3]) + "?version=1&label=red").content.decode()
    assert "images/training_3.jpg" in page
    assert "image_url" in page
    assert "/images/0/?version=1&amp;label=red" in page
    assert "/images/6/?version=1&amp;label=red" in page
    assert signed_in.get(reverse("datasets:row", args=["parts", 999])).status_code == 404
    assert version.is_ready


def test_images_are_served_as_what_they_are_and_no_more(signed_in, storage):
    version = create_ready_version()
    row = first_row(version)
    image = signed_in.get(reverse("datasets:image", args=["parts", 1, row["sha256"]]))
    assert image["Content-Type"] == "image/jpeg"
    assert image["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in image["Cache-Control"]
    assert "sandbox" in image["Content-Security-Policy"]
    thumb = signed_in.get(reverse("datasets:thumb", args=["parts", 1, row["sha256"]]))
    assert (thumb.status_code, thumb["Content-Type"]) == (200, "image/webp")


def test_tiff_is_shown_as_webp_and_downloaded_as_it_is(signed_in, storage):
    files = dataset_files()
    files["images/training_0.jpg"] = image_bytes(size=(50, 40), image_format="TIFF")
    row = first_row(create_ready_version(files=files))
    address = reverse("datasets:image", args=["parts", 1, row["sha256"]])
    assert signed_in.get(address)["Content-Type"] == "image/webp"
    assert signed_in.get(address + "?original")["Content-Type"] == "image/tiff"


@pytest.mark.parametrize("sha256", ["0" * 64, "x" * 64, "..", "%2e%2e"])
def test_other_hashes_lead_nowhere(signed_in, storage, sha256):
    create_ready_version()
    assert signed_in.get(f"/datasets/parts/versions/1/images/{sha256}").status_code == 404


def test_versions_tab_deletes_a_version(signed_in, storage):
    create_ready_version()
    create_ready_version()
    assert "Version 2" in signed_in.get(reverse("datasets:versions", args=["parts"])).content.decode()
    answer = signed_in.post(reverse("datasets:delete", args=["parts", 1]))
    assert answer["Location"] == reverse("datasets:versions", args=["parts"])
    assert signed_in.post(reverse("datasets:delete", args=["parts", 2]))["Location"] == reverse("datasets:list")


def test_jobs_tab_without_jobs(signed_in, storage):
    create_ready_version()
    assert "No job on this version yet" in signed_in.get(reverse("datasets:jobs", args=["parts"])).content.decode()


def test_name_that_leads_nowhere_is_a_404(signed_in, db):
    assert signed_in.get("/datasets/none/").status_code == 404
