"""Pages of versions: their history, two compared, editing and deleting."""

from __future__ import annotations

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from datasets.models import DatasetVersion
from tests.datasets.versions import create_job, edit, finish, rows_of, write_version

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def test_form_edits_what_was_chosen(signed_in, storage):
    write_version()
    address = reverse("datasets:edit", args=["parts", 1])
    fields = {"action": "move", "split": "test", "label": "", "new_label": "", "rows": "0-1"}
    answer = signed_in.post(address, fields)
    assert (answer.status_code, answer["Location"]) == (302, "/datasets/parts/?version=2")
    finish(DatasetVersion.objects.get(number=2))
    assert "Moved 2 images to test" in signed_in.get(answer["Location"]).content.decode()

    answer = signed_in.post(address, fields | {"rows": []} | {"action": "drop", "matching": "label=red&split=train"})
    assert finish(DatasetVersion.objects.get(number=3)).image_count == 16
    assert signed_in.get(address).status_code == 405


def test_refused_form_goes_back_to_where_it_was_asked(signed_in, storage):
    write_version()
    address = reverse("datasets:edit", args=["parts", 1])
    answer = signed_in.post(address, {"action": "drop", "matching": "split=train"})
    assert answer["Location"] == "/datasets/parts/images/?version=1&split=train"
    assert "0 training images would be left" in signed_in.get(answer["Location"]).content.decode()
    answer = signed_in.post(address, {"action": "rename", "new_label": "x"}, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_edit")


def test_versions_page_tells_the_history(signed_in, storage):
    first = write_version()
    second = edit(first, rows="0-1", action="move", split="test")
    create_job(second, status="Completed")
    page = signed_in.get(reverse("datasets:versions", args=["parts"])).content.decode()
    assert "Moved 2 images to test" in page
    assert "keen_otter_1" in page
    compare = "/datasets/parts/versions/compare/?version=2&amp;from=1&amp;to=2"
    assert f'href="{compare}"' in page
    summary = signed_in.get(compare.replace("&amp;", "&") + "&summary", headers={"HX-Request": "true"}).content.decode()
    assert re.search(r"2 moved", summary)
    assert "2 moved" in signed_in.get(reverse("datasets:versions", args=["parts"])).content.decode()


def test_versions_page_takes_as_many_queries_for_many(signed_in, storage, django_assert_max_num_queries):
    first = write_version()
    for _ in range(4):
        edit(first, action="restore")
    with django_assert_max_num_queries(14):
        assert signed_in.get(reverse("datasets:versions", args=["parts"])).status_code == 200


def test_compare_page_shows_both_sides_and_pages_on(signed_in, storage, monkeypatch):
    from datasets.views import versions

    monkeypatch.setattr(versions, "_PAIRS", 3)
    first = write_version()
    edit(first, action="rename", label="red", new_label="<rot>")
    address = reverse("datasets:compare", args=["parts"])
    page = signed_in.get(address, {"from": 1, "to": 2}).content.decode()
    assert page.count('<li class="pair">') == 3
    assert "&lt;rot&gt;" in page
    assert "8 images" in page
    following = re.search(r'href="([^"]+cursor=[^"]+)"', page)[1].replace("&amp;", "&")
    rest = signed_in.get(following, headers={"HX-Request": "true"}).content.decode()
    assert rest.count('<li class="pair">') == 3
    assert "<html" not in rest
    assert "No image was changed in this way" in signed_in.get(address, {"kind": "added"}).content.decode()
    same = signed_in.get(address, {"from": 1, "to": 1}).content.decode()
    assert "Nothing differs" in same


def test_comparing_takes_two_versions(signed_in, storage):
    write_version()
    answer = signed_in.get(reverse("datasets:compare", args=["parts"]))
    assert answer["Location"] == reverse("datasets:versions", args=["parts"])


def test_delete_page_names_bytes_jobs_and_wants_a_tick(signed_in, storage):
    version = write_version()
    job = create_job(version, status="Completed")
    address = reverse("datasets:delete", args=["parts", 1])
    page = signed_in.get(address).content.decode()
    assert "22 images that no other version holds" in page
    assert f"although job {job.name} trained on it" in page
    answer = signed_in.post(address)
    assert answer["Location"] == "/datasets/parts/versions/?version=1"
    assert "is kept" in signed_in.get(answer["Location"]).content.decode()
    assert signed_in.post(address, {"force": "1"})["Location"] == reverse("datasets:list")
    assert signed_in.get(job.get_absolute_url()).status_code == 200


def test_labels_that_come_back_without_images(signed_in, storage):
    write_version()
    lines = [
        {"image_url": "training_0.jpg", "label": "rot"},
        {"image_url": "somewhere/images/training_1.jpg", "label": "green"},
        {"image_url": "https://x.example/training_2.jpg?sig=1", "label": "grün"},
        {"image_url": "never_seen.jpg", "label": "red"},
        {"image_url": "validation_0.jpg", "label": None},
    ]
    file = SimpleUploadedFile("fixed.jsonl", "".join(json.dumps(line) + "\n" for line in lines).encode())
    answer = signed_in.post(reverse("datasets:corrections", args=["parts", 1]), {"file": file})
    assert answer["Location"] == "/datasets/parts/?version=2"
    made = finish(DatasetVersion.objects.get(number=2))
    assert made.origin["text"] == "New labels of 2 images from fixed.jsonl"
    before, after = rows_of(DatasetVersion.objects.get(number=1)), rows_of(made)
    assert {now["path"]: now["annotation"] for was, now in zip(before, after, strict=True) if was != now} == {
        "images/training_0.jpg": "rot",
        "images/training_2.jpg": "grün",
    }
    assert after[0]["source_file"] == "fixed.jsonl"
    assert made.report["counts"]["by_code"] == {"missing_image": 1}
    assert made.source_key == ""
