"""Bytes through the real ASGI application: what is kept, what is refused, what is verified."""

from __future__ import annotations

import asyncio
import hashlib
import os
import uuid

import pytest

from datasets.models import Transfer
from datasets.transfers import incoming, part_files
from tests.datasets.transfers.client import BYTES, ROOT, TUS, at, call_cut, checksum, creation, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
SIZE = 3 << 20
DATA = os.urandom(SIZE)


@pytest.fixture
def token(settings, owner):
    return settings.STUDIO_ADMIN_TOKEN


@pytest.fixture
def send(token):
    """`send(method, path, headers, content)` to the application."""

    def request(method, path, headers=None, content=None):
        return run(lambda client: client.request(method, path, headers=headers, content=content), token)

    return request


def announce(send, size=SIZE, path="a.bin", **metadata):
    answer = send("POST", ROOT, creation(size, path, **metadata))
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def stored(url: str) -> bytes:
    return part_files.part_path(uuid.UUID(url.rpartition("/")[2])).read_bytes()


def row(url: str) -> Transfer:
    return Transfer.objects.get(pk=url.rpartition("/")[2])


def test_a_file_in_three_pieces_is_the_file(send):
    url = announce(send)
    for start, end in ((0, 10), (10, 2_000_000), (2_000_000, len(DATA))):
        answer = send("PATCH", url, at(start), DATA[start:end])
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(end))
        assert answer.headers["tus-resumable"] == "1.0.0"
    assert stored(url) == DATA
    assert send("GET", url).json()["sha256"] == hashlib.sha256(DATA).hexdigest()
    assert row(url).completed_at


def test_hash_is_right_after_a_restart_forgot_what_was_hashed(send):
    url = announce(send)
    send("PATCH", url, at(0), DATA[:1000])
    part_files._hashes.forget(row(url).pk)
    send("PATCH", url, at(1000), DATA[1000:])
    assert row(url).sha256 == hashlib.sha256(DATA).hexdigest()


def test_data_may_come_with_the_announcement(send):
    headers = creation(len(DATA), "b.bin") | BYTES | checksum(DATA)
    answer = send("POST", ROOT, headers, DATA)
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, str(len(DATA)))
    assert stored(answer.headers["location"]) == DATA


def test_announcing_with_data_again_changes_nothing(send):
    headers = creation(len(DATA), "b.bin", group=str(uuid.uuid4())) | BYTES
    first, second = (send("POST", ROOT, headers, DATA) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    assert (second.status_code, second.headers["upload-offset"]) == (201, str(len(DATA)))
    assert stored(first.headers["location"]) == DATA
    assert Transfer.objects.count() == 1


@pytest.mark.parametrize("cut", [0, 1, 65_536, 1_500_000, 2_999_999])
def test_a_cut_connection_keeps_every_byte_that_came(send, token, cut):
    url = announce(send)
    pieces = [DATA[start : min(start + 60_000, cut)] for start in range(0, cut, 60_000)]
    assert call_cut(url.removeprefix("http://testserver"), at(0) | {"Authorization": f"Bearer {token}"}, pieces) == []
    assert send("HEAD", url, TUS).headers["upload-offset"] == str(cut)
    assert send("PATCH", url, at(cut), DATA[cut:]).status_code == 204
    assert stored(url) == DATA
    assert row(url).sha256 == hashlib.sha256(DATA).hexdigest()


def test_a_cut_request_with_a_checksum_keeps_nothing_unverified(send, token):
    url = announce(send)
    send("PATCH", url, at(0), DATA[:1000])
    headers = at(1000) | checksum(DATA[1000:]) | {"Authorization": f"Bearer {token}"}
    call_cut(url.removeprefix("http://testserver"), headers, [DATA[1000:2_000_000]])
    assert row(url).offset == 1000
    assert len(stored(url)) == 1000


def test_what_was_damaged_on_the_way_is_thrown_away(send):
    url = announce(send)
    send("PATCH", url, at(0) | checksum(DATA[:1000]), DATA[:1000])
    damaged = bytes([DATA[1000] ^ 1]) + DATA[1001:]
    answer = send("PATCH", url, at(1000) | checksum(DATA[1000:]), damaged)
    assert (answer.status_code, answer.json()["error"]["code"]) == (460, "checksum_mismatch")
    assert (row(url).offset, len(stored(url))) == (1000, 1000)
    assert send("PATCH", url, at(1000) | checksum(DATA[1000:]), DATA[1000:]).status_code == 204
    assert row(url).sha256 == hashlib.sha256(DATA).hexdigest()


def test_bytes_that_were_never_recorded_are_overwritten(send):
    """What a killed server had written beyond the offset it had recorded."""
    url = announce(send)
    send("PATCH", url, at(0), DATA[:1000])
    with part_files.part_path(row(url).pk).open("ab") as file:
        file.write(b"lost" * 1000)
    send("PATCH", url, at(1000), DATA[1000:])
    assert stored(url) == DATA


def test_the_same_piece_twice_counts_once(send):
    url = announce(send)
    assert send("PATCH", url, at(0), DATA[:1000]).status_code == 204
    again = send("PATCH", url, at(0), DATA[:1000])
    assert (again.status_code, again.json()["error"]["code"]) == (409, "wrong_offset")
    assert stored(url) == DATA[:1000]


def test_one_request_at_a_time(send, token):
    url = announce(send)

    async def act(client):
        ended = asyncio.Event()

        async def slowly():
            yield DATA[:1000]
            await ended.wait()
            yield DATA[1000:]

        first = asyncio.create_task(client.patch(url, headers=at(0), content=slowly()))
        while len(stored(url)) < 1000:
            await asyncio.sleep(0.01)
        second = await client.patch(url, headers=at(0), content=DATA)
        gone = await client.delete(url, headers=TUS)
        ended.set()
        return await first, second, gone

    first, second, gone = run(act, token)
    assert (first.status_code, second.status_code, gone.status_code) == (204, 423, 423)
    assert stored(url) == DATA


@pytest.fixture
def beside_silence(send, token, monkeypatch):
    """`beside_silence(method, headers)` sends a request while another for the same file has fallen silent after 1000
    bytes; answers its answer, and whether the silent one is still there."""
    monkeypatch.setattr(incoming, "_SILENT_SECONDS", 0.2)
    url = announce(send)

    async def never_ending():
        yield DATA[:1000]
        await asyncio.Event().wait()

    def call(method, headers):
        async def act(client):
            silent = asyncio.create_task(client.patch(url, headers=at(0), content=never_ending()))
            while len(stored(url)) < 1000:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)
            answer = await client.request(method, url, headers=headers, content=b"more")
            await asyncio.sleep(0.1)
            is_there = not silent.done()
            silent.cancel()
            return answer, is_there

        return run(act, token)

    return call


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("PATCH", 204), ("DELETE", 204)])
def test_a_request_that_fell_silent_makes_way_for_the_next(beside_silence, method, status):
    """As of a page that was closed while its connection stayed open."""
    answer, is_there = beside_silence(method, at(1000) if method == "PATCH" else TUS)
    offset = {"HEAD": "1000", "PATCH": "1004"}.get(method)
    assert not is_there
    assert (answer.status_code, answer.headers.get("upload-offset")) == (status, offset)
    assert [str(one.offset) for one in Transfer.objects.all()] == ([offset] if offset else [])


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
def test_strangers_do_not_end_it(beside_silence, method):
    headers = (at(1000) if method == "PATCH" else TUS) | {"Authorization": "Bearer nobody"}
    answer, is_there = beside_silence(method, headers)
    assert is_there
    assert answer.status_code == 401


def test_more_bytes_than_announced_are_refused(send):
    url = announce(send, size=1000)
    assert send("PATCH", url, at(0), DATA[:1001]).status_code == 413

    async def unmeasured():
        yield DATA[:600]
        yield DATA[:600]

    assert send("PATCH", url, at(0), unmeasured()).status_code == 413
    assert send("PATCH", url, at(0), DATA[:1000]).status_code == 204


@pytest.mark.parametrize("how", ["no token", "wrong token", "a session without CSRF token"])
def test_bytes_of_strangers_are_not_taken(send, owner, how):
    from django.test import Client

    url = announce(send)
    headers = at(0)
    if how == "wrong token":
        headers |= {"Authorization": "Bearer wrong"}
    if how.startswith("a session"):
        browser = Client()
        browser.force_login(owner)
        headers |= {"Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())}
    answer = run(lambda client: client.patch(url, headers=headers, content=DATA), "")
    assert answer.status_code in (401, 403)
    assert (row(url).offset, stored(url)) == (0, b"")


def test_a_session_with_its_csrf_token_may(send, owner):
    from django.conf import settings
    from django.middleware.csrf import _get_new_csrf_string
    from django.test import Client

    url = announce(send, size=5)
    browser = Client()
    browser.force_login(owner)
    secret = _get_new_csrf_string()
    cookies = {name: morsel.value for name, morsel in browser.cookies.items()} | {settings.CSRF_COOKIE_NAME: secret}
    headers = at(0) | {"Cookie": "; ".join(f"{n}={v}" for n, v in cookies.items()), "X-CSRFToken": secret}
    answer = run(lambda client: client.patch(url, headers=headers, content=b"hello"), "")
    assert answer.status_code == 204
    assert stored(url) == b"hello"


def test_a_disk_that_is_full_is_said_and_what_came_is_kept(send, monkeypatch):
    url = announce(send)
    write = part_files.LockedFile.write_at

    def full(self, offset, data):
        if offset > 0:
            raise OSError(28, "No space left on device")
        write(self, offset, data)

    async def pieces():
        for start in range(0, len(DATA), 65_536):
            yield DATA[start : start + 65_536]

    monkeypatch.setattr(part_files.LockedFile, "write_at", full)
    answer = send("PATCH", url, at(0), pieces())
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "no_space")
    assert 0 < row(url).offset == len(stored(url))
