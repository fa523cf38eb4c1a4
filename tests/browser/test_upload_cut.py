"""One upload that everything happens to: it ends whole, once."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.conftest import FLAGS, close_context, find_chromium, wait_for
from tests.browser.test_upload import share, throttle, wait_until_ready
from tests.datasets.factories import dataset_files, zip_bytes
from tests.processes import find_process, is_gone
from tests.running import ROOT as CHECKOUT
from tests.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NEW = "/datasets/new/"
PIECE = 8 << 20
SPEED = {"offline": False, "latency": 2, "downloadThroughput": -1, "uploadThroughput": 9_000_000}


class Chromium:
    """A Chromium with a profile of its own, which is closed and opened again as a user does."""

    def __init__(self, browser: Browser, darkroom: Running, cookies: list[Any], profile: Path) -> None:
        self._browser, self._darkroom, self._cookies, self.profile = browser, darkroom, cookies, profile
        self._context: BrowserContext | None = None

    def open(self) -> Page:
        self._context = self._browser.browser_type.launch_persistent_context(
            self.profile,
            executable_path=find_chromium(),
            args=FLAGS,
            base_url=self._darkroom.url,
        )
        self._context.set_default_timeout(20_000)
        self._context.add_cookies(self._cookies)
        return self._context.new_page()

    def close(self) -> None:
        if self._context is not None:
            self._context.close()
            self._context = None

    def leave(self) -> None:
        """Close it at the end of a test, when a page may be about to go elsewhere."""
        if self._context is not None:
            close_context(self._context)
            self._context = None

    def kill(self) -> None:
        """As when the kernel kills it."""
        mine = [one for one in psutil.Process().children(recursive=True) if self._is_mine(one)]
        assert mine
        for process in mine:
            process.kill()
        wait_for(lambda: all(is_gone(process.pid) for process in mine), 10)
        self._context = None

    def _is_mine(self, process: psutil.Process) -> bool:
        try:
            return f"--user-data-dir={self.profile}" in process.cmdline()
        except psutil.Error:
            return False


@pytest.fixture
def user(browser, darkroom, session_cookies, tmp_path) -> Iterator[Chromium]:
    one = Chromium(browser, darkroom, session_cookies, tmp_path / "profile")
    yield one
    one.leave()


@pytest.fixture
def name() -> str:
    return f"cut-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def archive(tmp_path, name) -> Path:
    """Images, their labels, and enough beside them that it takes eight requests."""
    path = tmp_path / f"{name}.zip"
    path.write_bytes(zip_bytes(dataset_files() | {"notes.bin": os.urandom(7 * PIECE)}))
    return path


def begin(page: Page, archive: Path) -> None:
    """Choose the file and press Upload, the first time or again."""
    page.goto(NEW)
    page.locator("#file").set_input_files(archive)
    expect(page.locator("[data-chosen-list]")).to_contain_text(archive.name)
    throttle(page, SPEED)
    page.get_by_role("button", name="Upload", exact=True).click()


def kill_web(darkroom: Running) -> None:
    """As when the kernel kills it: the launcher starts another."""
    web = find_process(darkroom.home, str(CHECKOUT / "manage.py"), "web")
    assert web is not None
    web.kill()
    wait_for(lambda: is_gone(web.pid), 5)


def kill_between_pieces(page: Page, darkroom: Running) -> list[int]:
    """From now on the next piece is held back until the web process has died; answers the offsets where it did."""
    died: list[int] = []

    def meet(route: Route) -> None:
        if route.request.method == "PATCH" and not died:
            died.append(int(route.request.headers["upload-offset"]))
            kill_web(darkroom)
        route.continue_()

    page.route("**/api/v1/transfers/*", meet)
    return died


def test_cut_at_five_places_by_browser_network_and_server(user, darkroom, rest, archive, name):
    size, sha256 = archive.stat().st_size, hashlib.sha256(archive.read_bytes()).hexdigest()
    page = user.open()
    begin(page, archive)
    wait_for(lambda: share(page) > 0.2, 20)
    user.close()  # in the middle of a piece
    begun = one_upload(rest, size)
    assert 0 < begun["offset"] < size

    page = user.open()
    begin(page, archive)
    died = kill_between_pieces(page, darkroom)
    wait_for_pages(page, lambda: bool(died), 20)
    assert 0 < died[0] < size
    darkroom.wait_until_healthy(30)
    wait_for(lambda: share(page) * size > died[0] + PIECE // 2, 30)  # by itself

    kill_web(darkroom)  # in the middle of a piece
    darkroom.wait_until_healthy(30)
    reached = share(page)
    wait_for(lambda: share(page) > max(reached, 0.45), 30)

    throttle(page, SPEED | {"offline": True})
    page.wait_for_timeout(700)
    throttle(page, SPEED)
    wait_for(lambda: share(page) > 0.7, 30)

    so_far = one_upload(rest, size)
    assert (so_far["group"], so_far["offset"] > size // 2) == (begun["group"], True)  # nothing was begun anew
    user.kill()
    page = user.open()
    begin(page, archive)
    page.wait_for_url(f"**/datasets/{name}/?version=1", timeout=60_000)

    found = wait_until_ready(rest, name)
    assert (found["status"], found["images"]) == ("ready", 16), found
    assert [item["version"] for item in rest.get(f"/datasets/{name}").json()["items"]] == ["1"]
    kept = list((darkroom.home / "storage" / "uploads").rglob(archive.name))
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in kept] == [sha256]
    assert begun["group"] not in [item["group"] for item in rest.get("/transfers").json()["items"]]


def one_upload(rest, size: int) -> dict[str, Any]:
    """The only unfinished upload of that size: it was never begun a second time."""
    found = [item for item in rest.get("/transfers").json()["items"] if item["size"] == size]
    assert len(found) == 1
    return found[0]


def wait_for_pages(page: Page, condition: Callable[[], bool], seconds: float) -> None:
    """As `wait_for`, while the page's requests are met."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"Still not so after {seconds:.0f} s."
        page.wait_for_timeout(100)
