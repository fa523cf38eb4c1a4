"""From a failed import to the next version in a real browser; and the samples, one click each."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import VARIANTS, close_context, open_context, wait_for
from tests.browser.test_upload import wait_until_ready
from tests.datasets.factories import zip_bytes
from tests.datasets.test_keeping import boxes_in_pixels

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def failed(rest) -> str:
    name = f"again-{uuid.uuid4().hex[:8]}"
    archive = zip_bytes(boxes_in_pixels())
    assert rest.post("/datasets", files={"file": ("boxes.zip", archive)}, data={"name": name}).status_code == 202
    assert wait_until_ready(rest, name)["status"] == "failed"
    return name


def test_what_a_finding_offers_makes_the_next_version(page, rest, failed):
    page.goto(f"/datasets/{failed}/report/")
    page.get_by_role("link", name="Take coordinates as pixels").click()
    expect(page.get_by_label("Coordinates of JSON Lines")).to_have_value("pixels")
    page.get_by_role("link", name="Coordinates of JSON Lines").click()
    page.get_by_role("button", name="Import again").click()
    page.wait_for_url(f"**/datasets/{failed}/?version=2*")
    found = wait_until_ready(rest, failed)
    assert (found["version"], found["status"], found["images"]) == ("2", "ready", 12)


def test_pages(browser, darkroom, session_cookies, check_page, failed):
    root = f"/datasets/{failed}"
    for variant in VARIANTS:
        context = open_context(browser, darkroom, session_cookies, variant)
        page = context.new_page()
        again = f"{root}/versions/1/import-again/"
        for path in (f"{root}/", f"{root}/report/", again, f"{again}?coordinates=pixels", f"{root}/versions/1/delete/"):
            check_page(page, path)
        close_context(context)


def test_a_sample_is_one_click(page, rest):
    page.goto("/datasets/new/")
    page.get_by_role("button", name="Object detection").click()
    page.wait_for_url("**/datasets/fasteners-detection/?version=1")
    expect(page.locator("#importing")).to_contain_text("Importing fasteners-detection.zip")
    wait_for(lambda: rest.get("/datasets/fasteners-detection/versions/1").json()["status"] == "ready", 90)
    found = rest.get("/datasets/fasteners-detection/versions/1").json()
    assert (found["task"], found["images"], found["report"]["counts"]["errors"]) == ("image_object_detection", 200, 0)
