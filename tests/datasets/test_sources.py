"""Every way in, from the request to the imported version."""

from __future__ import annotations

import json
import os
import uuid

import fsspec
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from datasets import services, sources
from datasets.models import Dataset, DatasetVersion, Datastore, Transfer
from datasets.sources import fetch_source
from datasets.transfers import part_files
from datasets.transfers.protocol import NewFile
from datasets.transfers.services import announce_files
from tests.datasets.factories import MLTABLE, dataset_files, image_bytes, json_lines, upload, zip_bytes
from vision.data.limits import DEFAULT_LIMITS
from vision.errors import InvalidDatasetError

pytestmark = [pytest.mark.services, pytest.mark.django_db]
ROOT = "/api/v1/datasets"
LIMITS = DEFAULT_LIMITS


def put_folder(folder, files=None):
    for name, content in (dataset_files() if files is None else files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def send_group(user, files):
    """Whole transfers of a group, as they are after their last byte."""
    sizes = {path: content if isinstance(content, bytes) else content.encode() for path, content in files.items()}
    group = str(uuid.uuid4())
    for transfer in announce_files(user, group, [NewFile(path, len(data)) for path, data in sizes.items()]):
        data = sizes[transfer.path]
        part_files.part_path(transfer.pk).write_bytes(data)
        Transfer.objects.filter(pk=transfer.pk).update(offset=len(data), completed_at=transfer.created_at)
    return group


def run(version):
    services.import_version(version.pk, str(version.token))
    version.refresh_from_db()
    return version


def post(api, **fields):
    return api.post(ROOT, json.dumps(fields), content_type="application/json")


def made(answer):
    assert answer.status_code == 202, answer.content
    return DatasetVersion.objects.get(dataset__name=answer.json()["name"], number=answer.json()["version"])


def test_a_group_of_files_becomes_a_version(api, owner, storage):
    group = send_group(owner, {f"plant/{path}": content for path, content in dataset_files().items()})
    parts = [part_files.part_path(transfer.pk) for transfer in Transfer.objects.all()]
    version = made(post(api, name="parts", transfer_group=group))
    assert version.source_name == "plant"
    assert version.origin["kind"] == "upload"
    assert version.origin["text"] == "Uploaded plant, 20 files."
    assert not Transfer.objects.exists()
    assert not [part for part in parts if part.exists()]
    assert run(version).status == "ready", version.error
    assert version.image_count == 16
    services.delete_version(version)
    assert not list((storage / "uploads").rglob("*.jpg"))


def test_the_files_are_linked_not_copied(owner, storage):
    group = send_group(owner, dataset_files())
    transfer = Transfer.objects.get(group=group, path="images/training_0.jpg")
    inode = part_files.part_path(transfer.pk).stat().st_ino
    version = services.create_version(name="parts", user=owner, transfer_group=group)
    kept = storage / version.source_key / transfer.path
    assert kept.stat().st_ino == inode
    assert kept.stat().st_nlink == 1


def test_a_restarted_import_finds_the_files_again(owner, storage, tmp_path):
    version = services.create_version(name="parts", user=owner, transfer_group=send_group(owner, dataset_files()))
    for attempt in range(2):
        (tmp_path / str(attempt)).mkdir()
        folder = fetch_source(version, tmp_path / str(attempt), LIMITS, lambda fraction: None)
        assert len([path for path in folder.rglob("*") if path.is_file()]) == 20
    assert run(version).is_ready


def test_a_group_makes_one_version_however_often_it_is_asked_for(api, owner, storage):
    group = send_group(owner, dataset_files())
    first = post(api, name="parts", transfer_group=group)
    second = post(api, name="parts", transfer_group=group)
    assert made(first).pk == made(second).pk
    assert DatasetVersion.objects.count() == 1


def test_a_single_archive_is_an_upload_like_any_other(api, owner, storage):
    group = send_group(owner, {"My parts.zip": zip_bytes(dataset_files())})
    version = made(post(api, name="parts", transfer_group=group))
    assert version.source_name == "My parts.zip"
    assert run(version).is_ready


def split_archive():
    """A `photos.zip` with the images, and a table beside it that names them."""
    files = dataset_files()
    archive = {name: content for name, content in files.items() if name.startswith("images/")}
    rows = [{"image_url": f"photos/{name}", "label": "red" if "1" in name else "blue"} for name in archive]
    return zip_bytes(archive), json_lines(rows).encode()


def test_an_archive_and_a_table_together(owner, storage):
    archive, table = split_archive()
    group = send_group(owner, {"photos.zip": archive, "labels.jsonl": table})
    version = run(services.create_version(name="parts", user=owner, transfer_group=group))
    assert (version.status, version.image_count) == ("ready", 16)


def test_a_group_that_is_not_whole(api, owner, storage):
    group = send_group(owner, dataset_files())
    announce_files(owner, group, [NewFile("images/late.jpg", 5)])
    answer = post(api, name="parts", transfer_group=group)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "transfers_incomplete")
    assert "images/late.jpg" in answer.json()["error"]["message"]
    assert Transfer.objects.count() == 21
    assert not Dataset.objects.exists()


@pytest.mark.parametrize("group", ["0f6c3c5e-5e0e-4f0f-9c1e-3f5d5a1b7c2d", "x", "../x"])
def test_a_group_nobody_knows(api, storage, group):
    assert post(api, name="parts", transfer_group=group).status_code == 404


def test_a_group_of_someone_else(api, django_user_model, storage):
    other = django_user_model.objects.create(username="other")
    assert post(api, name="parts", transfer_group=send_group(other, dataset_files())).status_code == 404


def test_a_file_and_a_folder_of_one_name(api, owner, storage):
    answer = post(api, name="parts", transfer_group=send_group(owner, {"a": b"x", "a/b": b"y", "c": b"z"}))
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "hostile_entry")
    assert not list((storage / "uploads").glob("*"))
    assert Transfer.objects.count() == 3


def test_a_group_of_nothing(api, owner, storage):
    answer = post(api, name="parts", transfer_group=send_group(owner, {"a/b": b"", "a/c": b""}))
    assert answer.json()["error"]["code"] == "empty_file"
    assert Transfer.objects.count() == 2


def test_a_folder_of_the_server_is_used_where_it_lies(api, storage, tmp_path, settings):
    settings.STUDIO_IMPORT_FOLDERS = str(tmp_path)
    folder = put_folder(tmp_path / "plant")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    version = made(post(api, name="parts", path=str(folder)))
    assert version.origin == {
        "kind": "path",
        "parent": None,
        "path": str(folder),
        "text": f"Imported from {folder} on the server.",
    }
    assert fetch_source(version, tmp_path, LIMITS, lambda fraction: None) == folder
    assert run(version).is_ready
    assert version.image_count == 16
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_links_inside_a_folder_of_the_server_are_not_followed(api, storage, tmp_path, settings):
    settings.STUDIO_IMPORT_FOLDERS = str(tmp_path / "plant")
    files = dataset_files()
    line = {"image_url": "images/stolen.jpg", "label": "red"}
    files["training-mltable-folder/train_annotations.jsonl"] += json_lines([line])
    folder = put_folder(tmp_path / "plant", files)
    (tmp_path / "stolen.jpg").write_bytes(image_bytes())
    (folder / "images" / "stolen.jpg").symlink_to(tmp_path / "stolen.jpg")
    version = run(made(post(api, name="parts", path=str(folder))))
    assert version.image_count == 16
    assert version.report["counts"]["errors"] == 1


def test_an_archive_of_the_server(api, storage, tmp_path, settings):
    settings.STUDIO_IMPORT_FOLDERS = str(tmp_path)
    (tmp_path / "plant.zip").write_bytes(zip_bytes(dataset_files()))
    version = run(made(post(api, name="parts", path=str(tmp_path / "plant.zip"))))
    assert version.is_ready
    assert (tmp_path / "plant.zip").exists()


def test_a_folder_that_is_no_longer_allowed_fails_the_import(api, storage, tmp_path, settings):
    settings.STUDIO_IMPORT_FOLDERS = str(tmp_path)
    version = made(post(api, name="parts", path=str(put_folder(tmp_path / "plant"))))
    settings.STUDIO_IMPORT_FOLDERS = ""
    assert run(version).error["code"] == "not_allowed"


def test_an_archive_by_http(api, storage, settings, web):
    settings.STUDIO_IMPORT_URLS = f"{web.url}/!"
    url = web.serve("/sets/parts.zip?key=secret", zip_bytes(dataset_files()))
    version = made(post(api, name="parts", url=url))
    assert version.source_name == "parts.zip"
    assert "secret" not in version.origin["text"]
    assert run(version).is_ready, version.error


def test_an_address_that_sends_on_elsewhere_fails_the_import(api, storage, settings, web):
    settings.STUDIO_IMPORT_URLS = f"{web.url}/!"
    version = run(made(post(api, name="parts", url=web.redirect("/a.zip", "http://169.254.169.254/a.zip"))))
    assert (version.status, version.error["code"]) == ("failed", "unreadable_source")
    assert "not allowed" in version.error["message"]


def test_a_folder_of_another_file_system(api, storage, settings, tmp_path):
    settings.STUDIO_IMPORT_URLS = "memory://sets/"
    memory = fsspec.filesystem("memory")
    for name, content in dataset_files().items():
        memory.pipe_file(f"/sets/parts/{name}", content if isinstance(content, bytes) else content.encode())
    version = made(post(api, name="parts", url="memory://sets/parts"))
    told: list[float] = []
    folder = fetch_source(version, tmp_path, LIMITS, told.append)
    assert (folder / "images" / "training_0.jpg").read_bytes()[:2] == b"\xff\xd8"
    assert told[-1] == 1.0
    assert told == sorted(told)
    assert run(version).image_count == 16


def test_a_download_that_is_too_large(settings, tmp_path):
    settings.STUDIO_IMPORT_URLS = "memory://sets/"
    fsspec.filesystem("memory").pipe_file("/sets/big/a.bin", b"x" * 5000)
    small = LIMITS.model_copy(update={"max_unpacked_bytes": 1000})
    source = sources.check_url("memory://sets/big")
    with pytest.raises(InvalidDatasetError, match="room"):
        sources.download(source, tmp_path / "x", small, lambda fraction: None)


def test_what_progress_raises_ends_a_download(settings, tmp_path, web):
    settings.STUDIO_IMPORT_URLS = f"{web.url}/!"

    def stop(fraction):
        raise KeyError("stale")

    source = sources.check_url(web.serve("/a.zip", os.urandom(300_000)))
    with pytest.raises(KeyError):
        sources.download(source, tmp_path / "x", LIMITS, stop)
    assert not list((tmp_path / "x").iterdir())


def test_a_scheme_without_its_package_says_what_is_missing(settings, tmp_path):
    settings.STUDIO_IMPORT_URLS = "nosuch://sets/"
    with pytest.raises(InvalidDatasetError, match="nosuch"):
        sources.download(sources.check_url("nosuch://sets/a"), tmp_path / "x", LIMITS, lambda fraction: None)


@pytest.mark.parametrize("fields", [{"path": "/etc"}, {"url": "https://example.com/a.zip"}, {"url": "file:///etc"}])
def test_without_settings_nothing_of_the_outside_is_read(api, storage, fields):
    answer = post(api, name="parts", **fields)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not_allowed")
    assert "STUDIO_IMPORT" in answer.json()["error"]["message"]
    assert not Dataset.objects.exists()


def test_images_of_a_datastore_come_into_the_dataset(api, storage, tmp_path, settings):
    settings.STUDIO_IMPORT_FOLDERS = str(tmp_path)
    put_folder(tmp_path / "photos", {f"day/{n}.jpg": image_bytes(size=(20 + n, 20)) for n in range(12)})
    Datastore.objects.create(name="photos", location=str(tmp_path / "photos"))
    url = "azureml://datastores/photos/paths/day/"
    rows = [{"image_url": f"{url}{n}.jpg", "label": "red"} for n in (*range(12), 99)]
    files = {"MLTable": MLTABLE.format(file="a.jsonl"), "a.jsonl": json_lines(rows)}
    version = run(made(api.post(ROOT, {"name": "parts", "file": upload(files)})))
    assert (version.status, version.image_count) == ("ready", 12)
    assert "no such file" in json.dumps(version.report["errors"])


SETTINGS = {"unlabelled": "drop", "validation_fraction": 0.3, "split": "assign"}


@pytest.mark.parametrize(
    "given",
    [
        {"settings": json.dumps(SETTINGS)},
        {name: str(value) for name, value in SETTINGS.items()},
        {"settings": json.dumps(SETTINGS | {"unlabelled": "keep"}), "unlabelled": "drop", "max_errors": ""},
    ],
)
def test_settings_of_a_form(api, storage, given):
    version = made(api.post(ROOT, {"name": "parts", "file": upload(), **given}))
    assert {name: version.options[name] for name in SETTINGS} == SETTINGS
    assert version.options["max_errors"] is None


def test_settings_of_a_document_decide_the_import(api, owner, storage):
    group = send_group(owner, dataset_files(train=20, validation=0))
    fields = {"transfer_group": group, "settings": SETTINGS | {"test_fraction": 0.2}}
    version = run(made(post(api, name="parts", **fields)))
    assert version.split_counts["validation"] == 6
    assert version.split_counts["test"] == 4


@pytest.mark.parametrize(
    "given",
    [
        {"settings": "{"},
        {"settings": "[]"},
        {"settings": '{"nonsense": 1}'},
        {"validation_fraction": "2"},
        {"group_pattern": "("},
        {"unlabelled": "maybe"},
    ],
)
def test_wrong_settings_are_named(api, storage, given):
    answer = api.post(ROOT, {"name": "parts", "file": upload(), **given})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_settings")
    assert not Dataset.objects.exists()
    assert not list(storage.rglob("*.zip"))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "no_file"),
        ({"path": "/a", "url": "s3://a"}, "too_many_sources"),
        ({"path": 5}, "invalid_document"),
        ({"path": ["/a"]}, "invalid_document"),
    ],
)
def test_one_thing_to_import(api, storage, fields, code):
    answer = post(api, name="parts", **fields)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


def test_several_files_in_one_form(api, storage):
    archive, table = split_archive()
    sent = [SimpleUploadedFile("photos.zip", archive), SimpleUploadedFile("labels.jsonl", table)]
    version = run(made(api.post(ROOT, {"name": "parts", "file": sent})))
    assert (version.status, version.image_count) == ("ready", 16)
    assert version.origin["text"] == "Uploaded 2 files."
