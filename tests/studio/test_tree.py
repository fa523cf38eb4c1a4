"""The whole tree of processes under `manage.py up`: what it holds, what survives, what does not."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from studio.demo.client import Client
from tests.processes import find_process, is_gone, processes_of, wait_for, wait_until_empty
from tests.running import ROOT, Running, free_port, launch, start_darkroom, studio_environment
from vision.data.sample import write_sample

pytestmark = [pytest.mark.slow]
PARTS = {
    "web": ("manage.py", "web"),
    "agent": ("manage.py", "agent"),
    "broker": ("valkey-server",),
    "worker": ("manage.py", "worker", "cpu"),
    "default worker": ("manage.py", "worker", "default"),
}
PAGES = (
    "/", "/datasets/", "/datasets/new/", "/datasets/parts/", "/datasets/parts/images/", "/datasets/parts/health/",
    "/datasets/parts/report/", "/jobs/", "/jobs/new/", "/models/", "/endpoints/", "/compute/", "/api/docs",
)  # fmt: skip


def part(home, name: str) -> psutil.Process | None:
    words = PARTS[name]
    if words[0] == "manage.py":
        words = (str(ROOT / "manage.py"), *words[1:])
    return find_process(home, *words)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A Darkroom to be mistreated, in a folder whose name holds spaces."""
    running = start_darkroom(tmp_path_factory.mktemp("tree") / "my own home")
    yield running
    running.stop()
    assert not wait_until_empty(running.home)


def test_web_is_lean_and_knows_no_torch(own, tmp_path):
    import_sample(Client(own.url, own.token), tmp_path / "parts.zip")
    with httpx.Client(follow_redirects=True) as browser:
        browser.get(own.sign_in_url).raise_for_status()
        for path in PAGES:
            assert browser.get(own.url + path).status_code == 200, path
    web = part(own.home, "web")
    assert web.memory_info().rss < 250 * 1024 * 1024
    loaded = {Path(file.path).name for file in web.memory_maps()}
    assert not [name for name in loaded if "torch" in name]


def import_sample(client: Client, archive: Path) -> None:
    write_sample("image_object_detection", archive, images=20)
    client.upload("/datasets", archive, name="parts")
    client.wait("/datasets/parts/versions/1", lambda d: d["status"] != "importing", lambda d: None, limit=120)


@pytest.mark.parametrize("name", ["agent", "worker", "default worker"])
def test_no_torch_outside_training_and_model_servers(own, name):
    process = wait_for(lambda: part(own.home, name))
    assert not [file.path for file in process.memory_maps() if "torch" in Path(file.path).name]


def test_static_files_are_served(own):
    answer = httpx.get(f"{own.url}/static/vendor/htmx/htmx.min.js")
    assert answer.status_code == 200
    assert "javascript" in answer.headers["content-type"]


@pytest.mark.parametrize("name", list(PARTS))
def test_a_killed_part_is_back_within_seconds(own, name):
    own.wait_until_healthy()
    victim = wait_for(lambda: part(own.home, name))
    victim.kill()
    wait_for(lambda: is_gone(victim.pid), 5)
    wait_for(lambda: (new := part(own.home, name)) and new.pid != victim.pid, 30, f"{name} is back")
    own.wait_until_healthy(30)
    kinds = {kind: [p for p in processes_of(own.home) if p.pid == (part(own.home, kind) or p).pid] for kind in PARTS}
    assert all(kinds.values())
    wait_for(lambda: no_orphans(own), 20, "orphans are gone")


def no_orphans(own) -> bool:
    """Everything of this home hangs below the launcher."""
    below = {process.pid for process in psutil.Process(own.process.pid).children(recursive=True)} | {own.process.pid}
    return all(process.pid in below for process in processes_of(own.home))


def test_second_start_on_the_same_home_is_refused(own):
    second = launch(own.home, free_port())
    assert second.process.wait(20) == 1
    assert "already running" in second.output.read_text()
    assert "STUDIO_HOME" in second.output.read_text()
    own.wait_until_healthy(10)


def test_port_in_use_is_one_clear_line(own, tmp_path):
    environment = studio_environment(tmp_path / "home", own.port)
    result = subprocess.run(
        [sys.executable, "manage.py", "up"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    said = (result.stdout + result.stderr).strip().splitlines()
    assert len(said) == 1
    assert "STUDIO_PORT" in said[0]
    assert not processes_of(tmp_path / "home")


def wait_for_line(running, text: str, seconds: float = 15) -> None:
    """The web answers a moment before the launcher has seen it and prints the link."""
    end = time.monotonic() + seconds
    while text not in running.output.read_text():
        assert time.monotonic() < end, running.output.read_text()
        time.sleep(0.05)


@pytest.fixture(scope="module")
def started(tmp_path_factory) -> Iterator[list[Running]]:
    """A Darkroom that each test stops, and starts again in the same home for the next."""
    home = tmp_path_factory.mktemp("again") / "a home"
    each = [start_darkroom(home)]
    yield each
    each[-1].stop()
    assert wait_until_empty(home) == []


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda number: number.name
)
def test_nothing_survives_and_the_next_start_finds_everything(started, number):
    first = started[-1]
    home = first.home
    assert len(processes_of(home)) >= 6
    code = first.stop(number)
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0)
    assert wait_until_empty(home) == []
    before = (home / "secret-key").read_text()
    begin = time.monotonic()
    second = start_darkroom(home)
    started.append(second)
    assert time.monotonic() - begin < 15
    assert (home / "secret-key").read_text() == before
    wait_for_line(second, "Sign in: http://127.0.0.1")


def test_start_right_after_a_kill_takes_over(started):
    """The old tree is still going down when the new one comes up."""
    first = started[-1]
    first.process.kill()
    first.process.wait()
    second = launch(first.home, first.port)
    started.append(second)
    second.wait_until_healthy()
    wait_for(lambda: no_orphans(second), 30, "only the new tree is left")
