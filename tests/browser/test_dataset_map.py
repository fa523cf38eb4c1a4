"""The map and similar images in a real browser, over vectors that a worker has computed."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import VARIANTS, close_context, open_context, variants_of, wait_for
from tests.processes import find_process
from tests.running import start_darkroom
from vision.data.sample import write_sample

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NAME = "mapped"
MAP = f"/datasets/{NAME}/map/"
PATHS = [MAP, f"/datasets/{NAME}/similar/?row=3", f"/datasets/{NAME}/images/3/"]


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """A Darkroom of its own, which compares images; one version, compared."""
    folder = tmp_path_factory.mktemp("mapped")
    running = start_darkroom(folder / "a home", STUDIO_EMBEDDINGS="on", TORCH_HOME=str(folder / "no cache"))
    try:
        write_sample("image_classification", folder / "sample.zip", images=60)
        headers = {"Authorization": f"Bearer {running.token}"}
        with httpx.Client(base_url=f"{running.url}/api/v1", headers=headers, timeout=60) as rest:
            file = {"file": ("sample.zip", (folder / "sample.zip").read_bytes())}
            assert rest.post("/datasets", files=file, data={"name": NAME}).is_success
            asked = f"/datasets/{NAME}/versions/1/map"
            wait_for(lambda: rest.get(asked).json()["status"] in ("ready", "failed"), 240)
            found = rest.get(asked).json()
        assert found["status"] == "ready", found
        assert len(found["points"]) == 60
        assert find_process(running.home, "vision.embedding") is None
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def signed_in_pages(browser, mapped):
    context = browser.new_context()
    context.new_page().goto(mapped.sign_in_url)
    cookies = context.cookies()
    contexts = {name: open_context(browser, mapped, cookies, name) for name in VARIANTS}
    yield {name: one.new_page() for name, one in contexts.items()}
    for one in (*contexts.values(), context):
        close_context(one)


@pytest.fixture
def page(signed_in_pages):
    page = signed_in_pages["wide light"]
    page.goto(MAP)
    expect(page.locator("[data-chart] canvas")).to_be_visible()
    return page


@pytest.mark.parametrize("path", PATHS)
def test_page(signed_in_pages, check_page, path):
    for variant in variants_of(path):
        check_page(signed_in_pages[variant], path)


def test_arrows_walk_over_the_map_and_enter_opens(page):
    card = page.locator("[data-map-card]")
    expect(card).to_be_hidden()
    page.locator("[data-map]").focus()
    page.keyboard.press("ArrowRight")
    expect(card).to_be_visible()
    first = card.get_attribute("href")
    page.wait_for_function("() => document.querySelector('[data-map-card] img').naturalWidth > 0")
    page.keyboard.press("ArrowRight")
    expect(card).not_to_have_attribute("href", first)
    expect(page.locator("#announcer")).to_have_text(re.compile(r", image \d+"))
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    page.keyboard.press("ArrowUp")
    opened = card.get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{opened}")


PLACE_OF_ROW = """async (row) => {
    const script = document.querySelector('script[src*="js/map.js"]').src;
    const { chartIn } = await import(script.replace("map.js", "charts.js"));
    const element = document.querySelector("[data-chart]");
    const { chart, options } = chartIn(element);
    const series = options.series.findIndex((one) => one.data.some((point) => point[2] === row));
    const point = options.series[series].data.find((one) => one[2] === row);
    const [x, y] = chart.convertToPixel({ seriesIndex: series }, point);
    const corner = element.getBoundingClientRect();
    return [corner.left + x, corner.top + y];
}"""


def test_a_point_shows_its_picture_and_a_click_opens_it(page):
    card = page.locator("[data-map-card]")

    def point_at_it() -> bool:  # points grow as the chart appears: one does not hit them at once
        x, y = page.evaluate(PLACE_OF_ROW, 7)
        page.mouse.move(x - 40, y - 40)
        page.mouse.move(x, y, steps=4)
        return card.is_visible()

    wait_for(point_at_it, 10)
    expect(card).to_have_attribute("href", re.compile("/images/7/"))
    page.mouse.click(*page.evaluate(PLACE_OF_ROW, 7))
    page.wait_for_url(re.compile(r"/images/7/"))


def test_from_the_viewer_to_similar_images_and_a_choice_of_them(page):
    page.goto(f"/datasets/{NAME}/images/3/")
    page.get_by_role("link", name="Find similar").click()
    expect(page.locator("[data-grid] > .tile")).to_have_count(59)
    page.locator("[data-grid] .tile-check").first.check(force=True)
    expect(page.locator("[data-selection-count]")).to_contain_text("1")
    page.get_by_role("link", name="Map of all images").click()
    expect(page.locator("[data-chart] canvas")).to_be_visible()
