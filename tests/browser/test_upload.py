"""Uploads in a real browser: folders that are dropped, tabs that are closed, networks that break."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import close_context, open_context, variants_of, wait_for
from tests.datasets.factories import dataset_files, zip_bytes

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NEW = "/datasets/new/"
SLOW = {"offline": False, "latency": 5, "downloadThroughput": -1, "uploadThroughput": 3_000_000}
FAST = SLOW | {"uploadThroughput": -1}


@pytest.fixture
def name() -> str:
    return f"upload-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with images, their labels, and one file that takes several requests."""
    root = tmp_path / "plant 7"
    for path, content in dataset_files().items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    (root / "notes.bin").write_bytes(os.urandom(20_000_000))
    (root / "empty.txt").touch()
    (root / ".DS_Store").write_bytes(b"litter")
    return root


def throttle(page: Page, conditions) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", conditions)


def drop(page: Page, *paths: Path) -> None:
    """As from a file manager."""
    box = page.locator("[data-drop-zone]").bounding_box()
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        session.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})


def share(page: Page) -> float:
    return page.locator("[data-upload-progress] progress").evaluate("bar => bar.value")


def begin(page: Page, folder: Path, name: str, until: float) -> None:
    """Send a folder slowly; return once more than that share of it has gone."""
    page.goto(NEW)
    drop(page, folder)
    page.get_by_label("Name").fill(name)
    throttle(page, SLOW)
    page.get_by_role("button", name="Upload", exact=True).click()
    wait_for(lambda: share(page) > until, 30)


def wait_until_ready(rest, name: str) -> dict:
    address = f"/datasets/{name}/versions/latest"
    wait_for(lambda: rest.get(address).json().get("status") in ("ready", "failed"), 60)
    return rest.get(address).json()


def test_a_folder_whose_tab_is_closed_half_way_ends_whole_and_once(page, rest, folder, name):
    begin(page, folder, name, 0.45)
    expect(page.locator("[data-chosen-total]")).to_contain_text("22 files, 20.0 MB")
    again = page.context.new_page()
    page.close()

    begun = [item for item in rest.get("/transfers").json()["items"] if item["files"] == 22]
    assert len(begun) == 1
    assert 0 < begun[0]["offset"] < begun[0]["size"]
    again.goto(NEW)
    expect(again.locator("[data-unfinished]")).to_contain_text("of 20.0 MB")
    drop(again, folder)
    again.get_by_label("Name").fill(name)
    first_offsets: dict[str, int] = {}
    again.on("request", lambda request: note_offset(request, first_offsets))
    again.get_by_role("button", name="Upload", exact=True).click()
    again.wait_for_url(f"**/datasets/{name}/?version=1")
    assert max(first_offsets.values()) > 0.3 * begun[0]["size"]  # it went on; it did not begin again
    found = wait_until_ready(rest, name)
    assert (found["status"], found["images"]) == ("ready", 16), found
    assert [item["version"] for item in rest.get(f"/datasets/{name}").json()["items"]] == ["1"]
    assert begun[0]["group"] not in groups_of(rest)


def note_offset(request, first_offsets):
    """Where in its file the first piece that is sent of it begins, in bytes."""
    if request.method == "PATCH":
        first_offsets.setdefault(request.url, int(request.headers["upload-offset"]))


def test_a_file_that_changed_since_is_begun_again(page, rest, folder, name):
    begin(page, folder, name, 0.45)
    again = page.context.new_page()
    page.close()
    red = (folder / "images" / "training_0.jpg").read_bytes()
    changed = red[:-4] + b"\x00\x00" + red[-2:]
    (folder / "images" / "training_0.jpg").write_bytes(changed)
    os.utime(folder / "notes.bin", (1, 1))
    again.goto(NEW)
    drop(again, folder)
    again.get_by_label("Name").fill(name)
    again.get_by_role("button", name="Upload", exact=True).click()
    again.wait_for_url(f"**/datasets/{name}/?version=1")
    found = wait_until_ready(rest, name)
    assert (found["status"], found["images"]) == ("ready", 16), found
    items = rest.get(f"/datasets/{name}/versions/1/items", params={"limit": 100}).json()["items"]
    hashes = {item["path"].rpartition("/")[2]: item["sha256"] for item in items}
    assert hashes["training_0.jpg"] == hashlib.sha256(changed).hexdigest()


def test_pause_a_broken_network_and_on_again(page, rest, folder, name):
    page.goto(NEW)
    page.locator("[data-folder-input]").set_input_files(folder)
    page.get_by_label("Name").fill(name)
    throttle(page, SLOW)
    page.get_by_role("button", name="Upload", exact=True).click()
    wait_for(lambda: share(page) > 0.1, 30)
    status = page.locator("[data-upload-status]")
    expect(status).to_contain_text(re.compile(r"\d of 22 files · .* MB · .*/s"))
    page.get_by_role("button", name="Pause").click()
    expect(status).to_contain_text("Paused")
    stopped = share(page)
    page.wait_for_timeout(700)
    assert share(page) == stopped
    page.get_by_role("button", name="Resume").click()
    wait_for(lambda: share(page) > stopped, 60)
    page.context.set_offline(True)
    page.wait_for_timeout(1500)
    page.context.set_offline(False)
    throttle(page, FAST)
    page.wait_for_url(f"**/datasets/{name}/?version=1", timeout=60_000)
    assert wait_until_ready(rest, name)["images"] == 16


def test_upload_waits_for_a_folder_that_is_still_being_read(page, rest, folder, name):
    many = folder / "many"
    many.mkdir()
    for number in range(1500):
        (many / f"{number}.txt").write_text("x")
    page.goto(NEW)
    page.get_by_label("Name").fill(name)
    drop(page, folder)
    page.locator("button[type=submit]").evaluate("button => button.click()")
    expect(page.locator("[data-upload-progress]")).to_be_visible()
    expect(page.locator("[data-upload-status]")).to_contain_text("1,522 files")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("[data-upload-progress]")).to_be_hidden()
    wait_for(lambda: not groups_of(rest, 1522), 60)


def groups_of(rest, files: int | None = None) -> set[str]:
    """Transfers (of so many files) that no dataset was made of."""
    return {item["group"] for item in rest.get("/transfers").json()["items"] if files in (None, item["files"])}


@pytest.mark.parametrize("at", [0.02, 0.1, 0.6])
def test_canceling_leaves_nothing_behind(page, rest, folder, name, at):
    (folder / "notes.txt").touch()
    begin(page, folder, name, at)
    begun = groups_of(rest, 23)
    assert len(begun) == 1
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("[data-upload-progress]")).to_be_hidden()
    wait_for(lambda: not begun & groups_of(rest), 60)
    page.wait_for_timeout(1000)
    assert not begun & groups_of(rest)  # nor does a late request
    assert rest.get(f"/datasets/{name}").status_code == 404


def test_what_was_canceled_while_it_was_prepared_leaves_nothing_and_can_begin_again(page, rest, folder, name):
    """The server makes room for the files when the upload is given up, and learns of it afterwards."""
    page.route("**/api/v1/transfers/batch", lambda route: (page.wait_for_timeout(1500), route.continue_()))
    (folder / "more.txt").write_text("x")
    (folder / "still more.txt").write_text("x")
    page.goto(NEW)
    drop(page, folder)
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url(f"**/datasets/{name}/?version=1")
    assert wait_until_ready(rest, name)["images"] == 16
    assert not groups_of(rest, 24)


def test_what_was_given_up_in_another_tab_is_begun_anew(page, rest, folder, name):
    (folder / "one more.txt").touch()
    (folder / "two more.txt").write_text("x")
    (folder / "three more.txt").write_text("x")
    begin(page, folder, name, 0.1)
    again = page.context.new_page()
    page.close()
    (group,) = groups_of(rest, 25)
    again.goto(NEW)
    again.route(f"**/api/v1/transfers?group={group}", lambda route: answer_and_give_up(route, rest, group))
    drop(again, folder)
    again.get_by_label("Name").fill(name)
    again.get_by_role("button", name="Upload", exact=True).click()
    again.wait_for_url(f"**/datasets/{name}/?version=1")
    assert wait_until_ready(rest, name)["images"] == 16
    assert not groups_of(rest, 25)


def answer_and_give_up(route: Route, rest, group: str) -> None:
    """The page sees what the other tab sent so far; then the other tab gives it up."""
    answer = route.fetch()
    wait_for(lambda: rest.delete(f"/transfers/groups/{group}").status_code == 204, 30)
    route.fulfill(response=answer)


def test_what_is_wrong_is_said_before_a_byte_is_sent(page, rest, folder, name):
    before = len(rest.get("/transfers").json()["items"])
    page.goto(NEW)
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("No file was chosen")
    drop(page, folder)
    page.get_by_label("Name").fill(name)
    page.get_by_text("More settings").click()
    page.get_by_label("Group pattern").fill("(")
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("group_pattern")
    assert len(rest.get("/transfers").json()["items"]) == before
    page.get_by_label("Group pattern").fill(r"(part\d)_")
    page.get_by_label("Images without a label").select_option("drop")
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url(f"**/datasets/{name}/?version=1")
    assert wait_until_ready(rest, name)["status"] == "ready"


def test_an_archive_names_the_dataset(page, rest, tmp_path, name):
    (tmp_path / f"{name} (2).tar.gz").write_bytes(zip_bytes(dataset_files()))
    page.goto(NEW)
    page.locator("#file").set_input_files(tmp_path / f"{name} (2).tar.gz")
    expect(page.locator("[data-chosen-list]")).to_contain_text(f"{name} (2).tar.gz")
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url(f"**/datasets/{name}-2/?version=1")


def test_the_form_without_javascript(browser, darkroom, session_cookies, rest, tmp_path, name):
    (tmp_path / f"{name}.zip").write_bytes(zip_bytes(dataset_files()))
    context = browser.new_context(base_url=darkroom.url, java_script_enabled=False)
    context.add_cookies(session_cookies)
    page = context.new_page()
    page.goto(NEW)
    page.locator("#file").set_input_files(tmp_path / f"{name}.zip")
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url(f"**/datasets/{name}/?version=1")
    assert wait_until_ready(rest, name)["images"] == 16
    close_context(context)


PATHS = [NEW, f"{NEW}?from=server", f"{NEW}?from=url", "/datasets/datastores/"]


@pytest.mark.parametrize("path", PATHS)
def test_pages(browser, darkroom, session_cookies, rest, check_page, path):
    rest.post("/transfers/batch", json={"files": [{"path": "plant/a.jpg", "size": 1000}, {"path": "b.txt", "size": 0}]})
    for variant in variants_of(path):
        context = open_context(browser, darkroom, session_cookies, variant)
        check_page(context.new_page(), path)
        close_context(context)
