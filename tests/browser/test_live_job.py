"""A job watched while it runs: it moves by itself, keeps what the reader opened, and can be canceled."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import JOB, VARIANTS, job_document

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_running_job_moves_and_is_canceled(moving_page, main_job, rest):
    rest.post("/jobs", json=job_document("browser-live", epochs=500, network="timm/test_resnet")).raise_for_status()
    moving_page.goto("/jobs/browser-live/trials/0/metrics/")
    moving_page.locator("#chart-loss canvas").wait_for(timeout=120_000)  # came without a reload
    moving_page.locator("#chart-loss-figure summary").click()
    rows = moving_page.locator("#chart-loss-figure tbody tr")
    before = rows.count()
    expect(rows.nth(before)).to_be_visible(timeout=60_000)  # a further epoch, in the table still open
    moving_page.get_by_role("link", name="Cancel").click()
    dialog = moving_page.get_by_role("dialog", name="Cancel browser-live_HD_0?")
    expect(dialog).to_be_visible()
    moving_page.wait_for_timeout(2500)  # a refresh passes
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Cancel the trial").click()
    expect(moving_page.locator(".page-meta .status-badge")).to_contain_text("Canceled", timeout=60_000)
    expect(moving_page.locator("[data-live]")).to_have_count(0)


def test_two_runs_are_ticked_and_stand_side_by_side(page, pages, check_page, main_job, rest):
    """The main job's and the one that the test before has canceled."""
    page.goto(f"/jobs/{JOB}/trials/")
    page.get_by_label("Compare trial 0").check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("A comparison takes two trials or more.")).to_be_visible()
    expect(page.get_by_role("checkbox", name=re.compile("^Trial 0"))).to_be_checked()
    page.get_by_role("checkbox", name=re.compile("^browser-live_HD_0")).check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Compare 2 trials")).to_be_visible()
    expect(page.get_by_text("has no predictions: it is canceled.")).to_be_visible()
    page.get_by_text("Further metrics, time and memory").click()
    expect(page.get_by_role("rowheader", name="F1, macro").first).to_be_visible()
    for variant in VARIANTS:
        check_page(pages[variant], f"/jobs/{JOB}/compare/?trial=0&trial=browser-live_HD_0")


BOUNDS_AS_NUMBERS_COME = """async (axes) => {
    const address = document.querySelector('link[href*="js/charts.js"]').href;
    const { chartIn, mountCharts } = await import(address);
    const element = document.querySelector("#chart-accuracy");
    const source = document.getElementById(element.dataset.chart);
    const seen = [];
    for (const axis of axes) {
        const options = JSON.parse(source.textContent);
        source.textContent = JSON.stringify({ ...options, yAxis: { type: "value", ...axis } });
        await mountCharts(document.body);
        await new Promise(requestAnimationFrame);
        const { min, max } = chartIn(element).chart.getOption().yAxis[0];
        seen.push([min ?? null, max ?? null]);
    }
    return seen;
}"""


def test_an_axis_has_no_bounds_but_those_of_the_newest_numbers(page, main_job):
    page.goto(f"/jobs/{JOB}/")
    page.locator("#chart-accuracy canvas").wait_for()
    seen = page.evaluate(BOUNDS_AS_NUMBERS_COME, [{"min": 0, "max": 1}, {"max": 1}, {}, {"min": 0.5}])
    assert seen == [[0, 1], [None, 1], [None, None], [0.5, None]]


def test_a_confused_cell_opens_its_images(page, main_job):
    page.goto(f"/jobs/{JOB}/trials/0/evaluation/")
    cell = page.locator(".confusion td a").first
    count = int(cell.inner_text())
    cell.click()
    page.wait_for_url(re.compile(r"/predictions/\?truth="))
    expect(page.locator(".image-grid .tile")).to_have_count(count)
    expect(page.locator(".image-grid img").first).to_have_js_property("complete", True)
