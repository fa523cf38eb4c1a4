"""A job watched while it runs: it moves by itself, keeps what the reader opened, and can be canceled."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import JOB, job_document

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_running_job_moves_and_is_canceled(page, main_job, rest):
    rest.post("/jobs", json=job_document("browser-live", epochs=500, network="timm/test_resnet")).raise_for_status()
    page.goto("/jobs/browser-live/trials/0/metrics/")
    page.locator("#chart-loss canvas").wait_for(timeout=120_000)  # came without a reload
    page.locator("#chart-loss-figure summary").click()
    rows = page.locator("#chart-loss-figure tbody tr")
    before = rows.count()
    expect(rows.nth(before)).to_be_visible(timeout=60_000)  # a further epoch, in the table still open
    page.get_by_role("link", name="Cancel").click()
    dialog = page.get_by_role("dialog", name="Cancel browser-live_HD_0?")
    expect(dialog).to_be_visible()
    page.wait_for_timeout(2500)  # a refresh passes
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Cancel the trial").click()
    expect(page.locator(".page-meta .status-badge")).to_contain_text("Canceled", timeout=60_000)
    expect(page.locator("[data-live]")).to_have_count(0)


def test_a_confused_cell_opens_its_images(page, main_job):
    page.goto(f"/jobs/{JOB}/trials/0/evaluation/")
    cell = page.locator(".confusion td a").first
    count = int(cell.inner_text())
    cell.click()
    page.wait_for_url(re.compile(r"/predictions/\?truth="))
    expect(page.locator(".image-grid .tile")).to_have_count(count)
    expect(page.locator(".image-grid img").first).to_have_js_property("complete", True)
