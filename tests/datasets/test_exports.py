"""Exports: pages, REST, work item, downloads, expiry."""

from __future__ import annotations

import asyncio
import io
import json
import re
import zipfile
from datetime import timedelta

import pytest
from django.test import AsyncRequestFactory
from django.urls import reverse
from django.utils import timezone

from datasets import downloads, maintenance, services
from datasets.filters import ItemQuery
from datasets.models import Export
from tests.datasets.factories import create_ready_version, upload
from tests.datasets.versions import colour_rows, files_in, rows_of, write_version
from tests.vision.data.manifests import row
from vision.errors import ConflictError, InvalidDatasetError, NotFoundError

pytestmark = [pytest.mark.services, pytest.mark.django_db]
ROOT = "/api/v1/datasets/parts/versions/1/exports"


def create(version, format_name: str = "jsonl", **query) -> Export:
    return services.create_export(version, format_name, ItemQuery(**query), None)


def finish(export: Export) -> Export:
    """Run the work item of an export, without the queue."""
    services.make_export(str(export.pk), str(export.token))
    export.refresh_from_db()
    assert export.status == "ready", export.error
    return export


def content(answer) -> bytes:
    return b"".join(answer.streaming_content)


def test_what_is_exported_comes_back_as_the_same_version(storage):
    version = create_ready_version()
    export = finish(create(version))
    data = (storage / export.key).read_bytes()
    assert export.size == len(data)
    again = services.create_version(name="again", file=io.BytesIO(data), file_name="parts.zip", user=None)
    services.import_version(again.pk, str(again.token))
    again.refresh_from_db()
    assert again.report["counts"]["by_code"] == {}
    kept = ("split", "path", "sha256", "width", "height", "labels", "annotation")
    assert [{key: one[key] for key in kept} for one in rows_of(again)] == [
        {key: one[key] for key in kept} for one in rows_of(version)
    ]


def test_export_goes_through_the_queue(storage, owner, run_queue, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        export = services.create_export(write_version(), "jsonl", ItemQuery(), owner)
    assert export.status == "waiting"
    run_queue("default")
    export.refresh_from_db()
    assert (export.status, export.progress) == ("ready", 1.0)


def test_only_the_chosen_images(storage):
    rows = colour_rows()
    rows[3]["problems"] = ["conflicting_labels"]
    export = finish(create(write_version(rows), problem="conflicting_labels"))
    with zipfile.ZipFile(storage / export.key) as archive:
        assert [name for name in archive.namelist() if name.startswith("images/")] == ["images/training_3.jpg"]


def test_refusals_come_before_an_export_is_made(storage, settings):
    version = write_version()
    with pytest.raises(NotFoundError):
        create(version, "stone")
    with pytest.raises(InvalidDatasetError, match="No image matches"):
        create(version, split="test")
    boxes = write_version([row(0, [], task_type="image_object_detection")], "boxes", "image_object_detection")
    with pytest.raises(InvalidDatasetError, match="cannot hold these labels"):
        create(boxes, "folder")
    settings.IMPORT_LIMITS = {"STUDIO_LIMIT_KEEP_FREE_BYTES": str(10**18)}
    with pytest.raises(ConflictError, match="disk are free"):
        create(version)
    waiting = services.create_version(name="fresh", file=upload(), file_name="parts.zip", user=None)
    with pytest.raises(ConflictError):
        create(waiting)
    assert not Export.objects.exists()


def test_stale_attempt_writes_nothing(storage):
    export = create(write_version())
    old_token = str(export.token)
    Export.objects.update(status="running", heartbeat_at="2020-01-01T00:00:00Z", attempts=1)
    maintenance.run_once()
    export.refresh_from_db()
    assert (export.status, str(export.token) == old_token) == ("waiting", False)
    services.make_export(str(export.pk), old_token)
    export.refresh_from_db()
    assert export.status == "waiting"
    finish(export)


def test_export_whose_process_always_dies_fails_in_words(storage):
    export = create(write_version())
    Export.objects.update(status="running", heartbeat_at="2020-01-01T00:00:00Z", attempts=3)
    maintenance.run_once()
    export.refresh_from_db()
    assert (export.status, export.error["code"]) == ("failed", "export_died")


def test_lost_work_item_is_sent_again(storage, broker, run_queue, django_capture_on_commit_callbacks):
    export = create(write_version())
    Export.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    with django_capture_on_commit_callbacks(execute=True):
        maintenance.run_once()
    run_queue("default")
    export.refresh_from_db()
    assert export.status == "ready"


def test_missing_image_fails_with_a_reference(storage):
    version = write_version()
    export = create(version)
    (storage / services.exporting.storage.blob_key(rows_of(version)[0]["sha256"])).unlink()
    services.make_export(str(export.pk), str(export.token))
    export.refresh_from_db()
    assert export.status == "failed"
    assert "reference" in export.error["message"]


def test_exports_go_after_a_week_and_with_their_version(storage):
    version = write_version()
    old, new = finish(create(version)), finish(create(version))
    Export.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    maintenance.run_once()
    assert list(Export.objects.all()) == [new]
    assert [name for name in files_in(storage) if name.startswith("exports/")] == [new.key]
    services.delete_version(version)
    assert files_in(storage) == {}


def test_pages_from_asking_to_download(signed_in, storage):
    version = write_version()
    page = signed_in.get(reverse("datasets:exports", args=["parts"])).content.decode()
    assert "No export yet" in page
    form = signed_in.get(reverse("datasets:export", args=["parts", 1]), {"matching": "label=red&split=train"})
    assert "6 images" in form.content.decode()
    hidden = re.search(r'name="matching" value="([^"]+)"', form.content.decode())[1].replace("&amp;", "&")
    fields = {"format": "jsonl", "matching": hidden}
    answer = signed_in.post(reverse("datasets:export", args=["parts", 1]), fields)
    assert answer["Location"] == "/datasets/parts/exports/?version=1"
    export = Export.objects.get()
    waiting = signed_in.get(answer["Location"], headers={"HX-Request": "true"}).content.decode()
    assert "Waiting for a worker" in waiting
    assert "<html" not in waiting
    finish(export)
    page = signed_in.get(answer["Location"]).content.decode()
    assert "red, train" in page
    address = reverse("datasets:export-download", args=["parts", export.pk])
    assert address in page
    download = signed_in.get(address)
    assert download["Content-Disposition"] == 'attachment; filename="parts-1-jsonl.zip"'
    assert len(zipfile.ZipFile(io.BytesIO(content(download))).namelist()) == 8
    assert signed_in.post(reverse("datasets:export-delete", args=["parts", export.pk])).status_code == 302
    assert signed_in.get(address).status_code == 404
    assert version.dataset.versions.exists()


def test_form_of_the_page_chooses_by_split_and_finding(signed_in, storage):
    rows = colour_rows()
    rows[2]["problems"] = ["repaired_label"]
    write_version(rows)
    page = signed_in.get(reverse("datasets:exports", args=["parts"])).content.decode()
    assert "Labels that were repaired (1)" in page
    address = reverse("datasets:export", args=["parts", 1])
    signed_in.post(address, {"format": "jsonl", "split": "train", "problem": "repaired_label"})
    assert Export.objects.get().rows == {"split": "train", "problem": "repaired_label"}


@pytest.mark.parametrize("query", [{"rows": "x"}, {"matching": "split=nowhere"}, {"rows": "999"}])
def test_choice_that_means_nothing_leads_back(signed_in, storage, query):
    write_version()
    answer = signed_in.get(reverse("datasets:export", args=["parts", 1]), query)
    assert answer["Location"] == "/datasets/parts/exports/?version=1"


@pytest.mark.parametrize(
    ("asked", "status", "span"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=-7", 206, slice(-7, None)),
        ("bytes=0-99999999", 200, slice(None)),
        ("bytes=0-1,4-5", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
    ],
)
def test_broken_download_goes_on_where_it_stopped(signed_in, storage, asked, status, span):
    export = finish(create(write_version()))
    data = (storage / export.key).read_bytes()
    address = reverse("datasets:export-download", args=["parts", export.pk])
    answer = signed_in.get(address, headers={"Range": asked})
    body = content(answer)
    assert (answer.status_code, body == data[span]) == (status, True)
    assert answer["Content-Length"] == str(len(body))
    if status == 206:
        start = data.index(body)
        assert answer["Content-Range"] == f"bytes {start}-{start + len(body) - 1}/{len(data)}"
    changed = signed_in.get(address, headers={"Range": asked, "If-Range": '"another"'})
    assert (changed.status_code, content(changed)) == (200, data)


def test_range_outside_the_file(signed_in, storage):
    export = finish(create(write_version()))
    address = reverse("datasets:export-download", args=["parts", export.pk])
    answer = signed_in.get(address, headers={"Range": f"bytes={export.size}-"})
    assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{export.size}")


def test_download_under_asgi_comes_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "_CHUNK", 4)
    (tmp_path / "x").write_bytes(b"0123456789")
    request = AsyncRequestFactory().get("/", headers={"Range": "bytes=1-8"})
    answer = downloads.send_file(request, (tmp_path / "x").open("rb"), 10, "x.zip", etag="e")

    async def gather() -> list[bytes]:
        return [chunk async for chunk in answer.streaming_content]

    assert asyncio.run(gather()) == [b"1234", b"5678"]


def test_rest_from_asking_to_download(api, storage):
    write_version()
    document = {"format": "jsonl", "filter": {"label": ["red", "blue"], "split": "train"}}
    answer = api.post(ROOT, json.dumps(document), content_type="application/json")
    assert answer.status_code == 202
    body = answer.json()
    assert (body["status"], body["filter"], body["download_url"]) == (
        "waiting",
        {"label": ["red", "blue"], "split": "train"},
        None,
    )
    assert api.get(f"{ROOT}/{body['id']}/download").status_code == 404
    finish(Export.objects.get())
    body = api.get(f"{ROOT}/{body['id']}").json()
    assert (body["status"], body["progress"]) == ("ready", 1.0)
    download = api.get(body["download_url"])
    assert len(content(download)) == body["size"]
    assert [one["id"] for one in api.get(ROOT).json()["items"]] == [body["id"]]
    assert api.delete(f"{ROOT}/{body['id']}").status_code == 204
    assert api.get(f"{ROOT}/{body['id']}").status_code == 404


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({}, 422),
        ({"format": 3}, 422),
        ({"format": "stone"}, 404),
        ({"format": "jsonl", "filter": {"split": "test"}}, 422),
        ({"format": "jsonl", "filter": {"sprit": "test"}}, 422),
        ({"format": "jsonl", "rows": "1-"}, 422),
    ],
)
def test_rest_exports_that_are_refused(api, storage, document, status):
    write_version()
    answer = api.post(ROOT, json.dumps(document), content_type="application/json")
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert not Export.objects.exists()


def test_export_of_another_dataset_is_not_found(api, signed_in, storage):
    export = finish(create(write_version(name="other")))
    write_version()
    assert api.get(f"{ROOT}/{export.pk}").status_code == 404
    assert signed_in.get(reverse("datasets:export-download", args=["parts", export.pk])).status_code == 404
    assert api.get(f"{ROOT}/no-id").status_code == 422
