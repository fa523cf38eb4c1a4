"""REST: `/api/v1/transfers`, everything that has no body of bytes."""

from __future__ import annotations

import os
import uuid
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from datasets import maintenance
from datasets.models import Transfer
from datasets.transfers import part_files
from tests.datasets.transfers.client import BYTES, ROOT, TUS, at, creation

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def announce(api, size=1000, path="a.bin", **metadata):
    return api.post(ROOT, headers=creation(size, path, **metadata), content_type="application/octet-stream")


def test_server_says_what_it_can(client):
    answer = client.options(ROOT)
    assert answer.status_code == 204
    assert answer["Tus-Version"] == "1.0.0"
    words = {"creation", "creation-with-upload", "termination", "checksum", "expiration"}
    assert set(answer["Tus-Extension"].split(",")) == words
    assert answer["Tus-Checksum-Algorithm"] == "sha256"
    assert int(answer["Tus-Max-Size"]) > 1 << 30


def test_announcing_a_file(api):
    answer = announce(api, path="parts/a ü.jpg")
    assert (answer.status_code, answer["Upload-Offset"]) == (201, "0")
    transfer = Transfer.objects.get()
    assert answer["Location"] == f"http://testserver{ROOT}/{transfer.pk}"
    assert (transfer.path, transfer.size, transfer.created_by.username) == ("parts/a ü.jpg", 1000, "owner")
    left = parsedate_to_datetime(answer["Upload-Expires"]) - timezone.now()
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)
    head = api.head(answer["Location"], headers=TUS)
    assert (head["Upload-Offset"], head["Upload-Length"], head["Cache-Control"]) == ("0", "1000", "no-store")


def test_an_empty_file_is_whole_at_once(api):
    detail = api.get(announce(api, size=0)["Location"]).json()
    assert detail["completed_at"]
    assert detail["sha256"].startswith("e3b0c44298fc")


BAD = [
    ({"Tus-Resumable": "0.2.2"}, 412),
    ({"Tus-Resumable": ""}, 412),
    ({"Upload-Length": "-1"}, 400),
    ({"Upload-Length": "x"}, 400),
    ({"Upload-Length": ""}, 400),
    ({"Upload-Length": str(10**17)}, 413),
    ({"Upload-Defer-Length": "1"}, 400),
    ({"Upload-Metadata": "filename ?"}, 400),
    ({"Upload-Metadata": "filename " + "A" * 20_000}, 400),
    ({"Upload-Checksum": "md5 abc"}, 400),
    ({"Upload-Checksum": "sha256 abc"}, 400),
]


@pytest.mark.parametrize(("headers", "status"), BAD)
def test_bad_announcements(api, headers, status):
    answer = api.post(ROOT, headers=creation(10) | headers, content_type="application/octet-stream")
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert not Transfer.objects.exists()


PATHS = ["../a", "a/../../b", "/etc/passwd", "C:\\x", "a\x00b", "a\nb", "x" * 300, "a/" * 70 + "b", "..", "."]


@pytest.mark.parametrize("path", PATHS)
def test_paths_that_lead_elsewhere(api, path):
    answer = announce(api, path=path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_path")


def test_a_file_without_a_folder_has_its_name(api):
    announce(api, path="b.zip", relativePath="null")
    assert Transfer.objects.get().path == "b.zip"


def test_announcing_again_finds_what_is_there(api):
    group = str(uuid.uuid4())
    first = announce(api, group=group)
    Transfer.objects.update(offset=400)
    second = announce(api, group=group)
    assert (second["Location"], second["Upload-Offset"]) == (first["Location"], "400")
    third = announce(api, group=group, size=999)
    assert (third["Location"], third["Upload-Offset"]) == (first["Location"], "0")
    assert Transfer.objects.get().size == 999


def test_many_at_once(api):
    files = [{"path": f"images/{number}.jpg", "size": number} for number in range(50)]
    answer = api.post(f"{ROOT}/batch", {"files": files}, content_type="application/json").json()
    assert [item["path"] for item in answer["items"]] == [file["path"] for file in files]
    again = api.post(f"{ROOT}/batch", {"files": files, "group": answer["group"]}, content_type="application/json")
    assert [item["id"] for item in again.json()["items"]] == [item["id"] for item in answer["items"]]
    listed = api.get(ROOT).json()["items"]
    assert [(item["group"], item["files"], item["complete"], item["size"]) for item in listed] == [
        (answer["group"], 50, 1, 1225)
    ]
    assert len(api.get(ROOT, {"group": answer["group"]}).json()["items"]) == 50


def test_many_take_as_many_queries_as_few(api, django_assert_max_num_queries):
    files = [{"path": f"{number}.jpg", "size": 1} for number in range(300)]
    with django_assert_max_num_queries(15):
        api.post(f"{ROOT}/batch", {"files": files}, content_type="application/json")


@pytest.mark.parametrize("files", [[], [{"path": "a", "size": -1}], [{"path": f"{n}", "size": 1} for n in range(1001)]])
def test_batches_that_cannot_be(api, files):
    answer = api.post(f"{ROOT}/batch", {"files": files}, content_type="application/json")
    assert 400 <= answer.status_code < 500
    assert not Transfer.objects.exists()


def test_no_room_on_the_disk_is_said_before_a_byte_is_sent(api, settings):
    settings.IMPORT_LIMITS = {"STUDIO_LIMIT_KEEP_FREE_BYTES": str(10**17)}
    answer = announce(api)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert "room" in answer.json()["error"]["message"]


def test_bytes_are_welcome_only_where_they_fit(api):
    url = announce(api)["Location"]
    assert api.patch(url, headers=at(0), content_type=at(0)["Content-Type"]).status_code == 204
    assert api.patch(url, headers=at(5), content_type=at(0)["Content-Type"]).status_code == 409
    assert api.patch(url, headers=BYTES, content_type=at(0)["Content-Type"]).status_code == 400
    assert api.patch(url, headers=at(0) | {"Content-Type": "text/plain"}).status_code == 415


def test_giving_up(api):
    url = announce(api)["Location"]
    path = part_files.part_path(Transfer.objects.get().pk)
    assert path.exists()
    assert api.delete(url, headers=TUS).status_code == 204
    assert not path.exists()
    assert api.head(url, headers=TUS).status_code == 404
    group = str(uuid.uuid4())
    announce(api, group=group, path="a")
    announce(api, group=group, path="b")
    assert api.delete(f"{ROOT}/groups/{group}").status_code == 204
    assert not Transfer.objects.exists()


def test_what_was_given_up_is_not_begun_anew_by_a_late_request(api):
    group = str(uuid.uuid4())
    announce(api, group=group, path="a")
    part = part_files.part_path(Transfer.objects.get().pk)
    api.delete(f"{ROOT}/groups/{group}")
    late = announce(api, group=group, path="a")
    assert (late.status_code, late.json()["error"]["code"]) == (410, "gone")
    assert not Transfer.objects.exists()
    assert not part.exists()
    mark = part_files.folder() / f"{group}.given-up"
    maintenance.delete_expired()
    assert mark.exists()
    os.utime(mark, (0, 0))
    maintenance.delete_expired()
    assert not mark.exists()
    assert announce(api, group=group, path="a").status_code == 201


def test_nobody_can_end_what_is_someone_elses_or_not_begun(api):
    group, other = str(uuid.uuid4()), str(uuid.uuid4())
    assert api.delete(f"{ROOT}/groups/{group}").status_code == 204
    assert announce(api, group=group).status_code == 201
    announce(api, group=other)
    Transfer.objects.filter(group=other).update(created_by=User.objects.create(username="someone"))
    assert api.delete(f"{ROOT}/groups/{other}").status_code == 204
    assert not part_files.is_given_up(uuid.UUID(other))


def test_others_see_nothing_of_it(api, client, db):
    url = announce(api, group=str(uuid.uuid4()))["Location"]
    group = Transfer.objects.get().group
    Transfer.objects.update(created_by=User.objects.create(username="someone"))
    assert api.get(url).status_code == 404
    assert api.head(url, headers=TUS).status_code == 404
    assert api.delete(url, headers=TUS).status_code == 404
    assert api.get(ROOT).json()["items"] == []
    assert api.get(ROOT, {"group": str(group)}).json()["items"] == []
    assert announce(api, group=str(group)).status_code == 409
    assert api.delete(f"{ROOT}/groups/{group}").status_code == 204
    assert Transfer.objects.count() == 1
    assert client.get(ROOT).status_code == 401


def test_what_nobody_went_on_with_is_forgotten_after_a_week(api):
    announce(api, path="old")
    old = Transfer.objects.get()
    announce(api, path="new")
    Transfer.objects.filter(pk=old.pk).update(updated_at=timezone.now() - timedelta(days=7, minutes=1))
    assert api.head(f"{ROOT}/{old.pk}", headers=TUS).status_code == 410
    assert len(api.get(ROOT).json()["items"]) == 1
    lost = part_files.folder() / f"{uuid.uuid4()}.part"
    lost.touch()
    os.utime(lost, (0, 0))
    maintenance.clean_transfers()
    assert not lost.exists()
    assert [transfer.path for transfer in Transfer.objects.all()] == ["new"]
    assert not part_files.part_path(old.pk).exists()
    assert part_files.part_path(Transfer.objects.get().pk).exists()
