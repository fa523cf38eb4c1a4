"""Transfers to a whole Darkroom whose connections break and whose processes die."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests.datasets.factories import dataset_files
from tests.datasets.transfers.client import BYTES, ROOT, TUS, at, checksum, creation
from tests.processes import find_process, is_gone, wait_for, wait_until_empty
from tests.running import ROOT as CHECKOUT
from tests.running import Running, launch, start_darkroom

pytestmark = [pytest.mark.slow]
DATA = os.urandom(6_000_000)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A Darkroom to be mistreated."""
    running = start_darkroom(tmp_path_factory.mktemp("transfers") / "home")
    yield running
    running.stop()


@pytest.fixture
def http(own):
    headers = {"Authorization": f"Bearer {own.token}"}
    with httpx.Client(base_url=own.url, headers=headers, timeout=30) as client:
        yield client


def announce(http: httpx.Client, size: int = len(DATA), path: str = "a.bin") -> str:
    answer = http.post(ROOT, headers=creation(size, path))
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def offset_of(http: httpx.Client, url: str) -> int:
    return int(http.head(url, headers=TUS).headers["upload-offset"])


def send(http: httpx.Client, url: str, start: int, data: bytes, **more: str) -> httpx.Response:
    return http.patch(url, headers=at(start) | more, content=data)


def open_patch(own: Running, url: str, start: int, length: int) -> socket.socket:
    """A connection that has promised `length` bytes and sent none yet."""
    parts = urlsplit(url)
    connection = socket.create_connection(("127.0.0.1", own.port), timeout=30)
    headers = at(start) | {"Host": parts.netloc, "Authorization": f"Bearer {own.token}", "Content-Length": str(length)}
    lines = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
    connection.sendall(f"PATCH {parts.path} HTTP/1.1\r\n{lines}\r\n".encode())
    return connection


def stored(own: Running, url: str) -> bytes:
    return (own.home / "transfers" / f"{url.rpartition('/')[2]}.part").read_bytes()


def kill_web(own: Running) -> None:
    """As when the kernel kills it: the launcher starts another."""
    web = find_process(own.home, str(CHECKOUT / "manage.py"), "web")
    assert web is not None
    web.kill()
    wait_for(lambda: is_gone(web.pid), 5)
    own.wait_until_healthy(30)


def assert_is_whole(own: Running, http: httpx.Client, url: str) -> None:
    found = http.get(url).json()
    assert (found["offset"], found["sha256"]) == (len(DATA), SHA256)
    assert stored(own, url) == DATA


def test_cut_at_five_places_the_file_is_whole(own, http):
    url = announce(http)
    offset = 0
    for cut in (1, 70_000, 1_048_577, 3_500_000, 5_999_999):
        connection = open_patch(own, url, offset, len(DATA) - offset)
        connection.sendall(DATA[offset:cut])
        wait_for(lambda cut=cut: len(stored(own, url)) >= cut - 2_000_000, 10)  # it is being received
        connection.close()
        assert wait_for(lambda cut=cut, url=url: _settled(http, url, cut), 15, f"all {cut} bytes are kept")
        offset = offset_of(http, url)
        assert offset <= cut
    assert send(http, url, offset, DATA[offset:]).status_code == 204
    assert_is_whole(own, http, url)


def _settled(http: httpx.Client, url: str, cut: int) -> bool:
    return offset_of(http, url) == cut


def test_cut_hard_nothing_is_doubled_or_lost(own, http):
    """A reset takes what lies in the server's socket with it; what is recorded is right all the same."""
    url = announce(http)
    connection = open_patch(own, url, 0, len(DATA))
    connection.sendall(DATA[:3_000_000])
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()
    answer = wait_for(lambda: _go_on(http, url), 15)
    assert answer.status_code == 204
    assert_is_whole(own, http, url)


def _go_on(http: httpx.Client, url: str) -> httpx.Response | None:
    """From where the server says; nothing while the cut request is still being put away."""
    offset = offset_of(http, url)
    answer = send(http, url, offset, DATA[offset:])
    return answer if answer.status_code not in (409, 423) else None


def test_web_killed_between_pieces(own, http):
    url = announce(http)
    for start in (0, 2_000_000, 4_000_000):
        assert send(http, url, start, DATA[start : start + 2_000_000]).status_code == 204
        kill_web(own)
        assert offset_of(http, url) == start + 2_000_000
    assert_is_whole(own, http, url)


def test_web_killed_in_the_middle_of_a_piece(own, http):
    url = announce(http)
    send(http, url, 0, DATA[:1_000_000])
    connection = open_patch(own, url, 1_000_000, len(DATA) - 1_000_000)
    connection.sendall(DATA[1_000_000:4_000_000])
    wait_for(lambda: len(stored(own, url)) >= 2_000_000, 10)
    kill_web(own)
    connection.close()
    offset = offset_of(http, url)
    assert 1_000_000 <= offset <= 4_000_000
    assert stored(own, url)[:offset] == DATA[:offset]
    assert send(http, url, offset, DATA[offset:]).status_code == 204
    assert_is_whole(own, http, url)


def test_everything_killed_and_started_again(own, http):
    url = announce(http)
    send(http, url, 0, DATA[:2_500_000])
    own.stop(signal.SIGKILL)
    assert wait_until_empty(own.home) == []  # else the old web may still be the one that is healthy
    own.process = launch(own.home, own.port).process
    own.wait_until_healthy()
    assert offset_of(http, url) == 2_500_000
    assert send(http, url, 2_500_000, DATA[2_500_000:]).status_code == 204
    assert_is_whole(own, http, url)


def test_the_same_piece_from_eight_sides_at_once(own, http):
    url = announce(http)
    for start in (0, 3_000_000):
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: send(http, url, start, DATA[start : start + 3_000_000]), range(8)))  # noqa: B023
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses.count(204) == 1, statuses
        assert set(statuses) <= {204, 409, 423}
    assert_is_whole(own, http, url)


def test_damage_on_the_way_is_found_and_mended(own, http):
    url = announce(http)
    damaged = DATA[:999] + bytes([DATA[999] ^ 0x80]) + DATA[1000:1_000_000]
    answer = send(http, url, 0, damaged, **checksum(DATA[:1_000_000]))
    assert answer.status_code == 460
    assert offset_of(http, url) == 0
    for start in range(0, len(DATA), 1_000_000):
        piece = DATA[start : start + 1_000_000]
        assert send(http, url, start, piece, **checksum(piece)).status_code == 204
    assert_is_whole(own, http, url)


def test_a_large_file_takes_no_memory(own, http):
    size = 400 << 20
    web = find_process(own.home, str(CHECKOUT / "manage.py"), "web")
    assert web is not None
    send(http, announce(http), 0, DATA)  # what the first request loads
    before = web.memory_info().rss
    url = announce(http, size, "large.bin")

    def pieces():
        for _ in range(size >> 20):
            yield b"\x5a" * (1 << 20)

    answer = http.patch(url, headers=at(0) | {"Content-Length": str(size)}, content=pieces())
    assert answer.headers["upload-offset"] == str(size)
    assert _peak(web) - before < 48 << 20
    assert not list(Path("/tmp").glob("tmp*large*"))
    assert http.delete(url, headers=TUS).status_code == 204


def _peak(process: psutil.Process) -> int:
    """The most memory the process has ever had, in bytes."""
    text = Path(f"/proc/{process.pid}/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) * 1024


def test_a_folder_arrives_and_becomes_a_dataset(own, http):
    files = {path: data if isinstance(data, bytes) else data.encode() for path, data in dataset_files().items()}
    listed = [{"path": f"plant/{path}", "size": len(data)} for path, data in files.items()]
    announced = http.post(f"{ROOT}/batch", json={"files": listed}).json()

    def bring(path):
        data = files[path]
        headers = creation(len(data), f"plant/{path}", group=announced["group"]) | BYTES | checksum(data)
        return http.post(ROOT, headers=headers, content=data).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(bring, files)) == {201}
    fields = {"name": "plant", "transfer_group": announced["group"], "settings": {"unlabelled": "drop"}}
    assert http.post("/api/v1/datasets", json=fields).status_code == 202
    address = "/api/v1/datasets/plant/versions/1"
    wait_for(lambda: http.get(address).json()["status"] != "importing", 60)
    found = http.get(address).json()
    assert (found["status"], found["images"]) == ("ready", 16), found
    left = [item["group"] for item in http.get(ROOT).json()["items"]]
    assert announced["group"] not in left
