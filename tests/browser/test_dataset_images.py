"""Looking at the images of a dataset in a real browser: scroll, filter, choose, zoom; names that are no markup."""

from __future__ import annotations

import io
import json
import re
import zipfile
from urllib.parse import parse_qs

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from tests.browser.conftest import close_context, open_context, variants_of, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

IMAGES = 190
BOXES, MASKS, NAMES, EDITED = "look-boxes", "look-masks", "look-names", "look-edited"
EVIL = "<img src=x onerror=alert(1)> \" ' </script><script>alert(2)</script>"
MARKUP = ' <b>&"'
TURNED = "ab\u202edc"
GRID = f"/datasets/{BOXES}/images/"


def draw(number: int, size=(160, 120)) -> bytes:
    image = Image.new("RGB", size, (40 + number % 90, 90, 120))
    ImageDraw.Draw(image).rectangle((20, 20, 80 + number % 40, 90), fill=(200, number % 250, 60))
    target = io.BytesIO()
    image.save(target, "JPEG")
    return target.getvalue()


def box(label: str, left: float = 0.1, top: float = 0.1, right: float = 0.6, bottom: float = 0.8) -> dict:
    return {"label": label, "topX": left, "topY": top, "bottomX": right, "bottomY": bottom, "isCrowd": 0}


def ring(label: str) -> dict:
    return {"label": label, "isCrowd": 0, "polygon": [[0.1, 0.1, 0.6, 0.15, 0.55, 0.8, 0.15, 0.7]]}


def label_of(kind: str, number: int):
    if kind == BOXES:
        few = [box("bolt"), box("nut", 0.5, 0.5, 0.9, 0.9), box("washer", 0.3, 0.3, 0.4, 0.45)]
        return few[: 1 + number % 3]
    if kind == MASKS:
        return [ring("person"), *([ring("dog")] if number % 2 else [])]
    return ([EVIL, TURNED] if kind == NAMES else ["bolt", "nut"])[number % 2]


TASKS = {
    BOXES: "image_object_detection",
    MASKS: "image_instance_segmentation",
    NAMES: "image_classification",
    EDITED: "image_classification",
}


@pytest.fixture(scope="module")
def looked_at(rest):
    """Versions, really uploaded and imported."""
    for kind, task in TASKS.items():
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            lines = []
            for number in range(IMAGES if kind == BOXES else 14):
                name = f"images/p{number:03d}{MARKUP if kind == NAMES else ''}.jpg"
                archive.writestr(name, draw(number))
                lines.append(json.dumps({"image_url": name, "label": label_of(kind, number)}))
            archive.writestr("labels.jsonl", "\n".join(lines))
        file = {"file": (f"{kind}.zip", target.getvalue())}
        answer = rest.post("/datasets", files=file, data={"name": kind, "task": task})
        assert answer.is_success, answer.text
    for kind in TASKS:
        wait_for(lambda kind=kind: rest.get(f"/datasets/{kind}/versions/1").json()["status"] != "importing", 120)
        version = rest.get(f"/datasets/{kind}/versions/1").json()
        assert version["status"] == "ready", version
    return True


@pytest.fixture
def grid(page, looked_at):
    page.goto(GRID)
    expect(page.locator(".tile")).not_to_have_count(0)
    return page


def tiles(page):
    return page.locator("[data-grid] > .tile")


def choice_sent(page, press) -> dict[str, list[str]]:
    """What the browser posts when `press()` sends the choice; the post goes no further."""
    sent: list[str] = []

    def keep(route) -> None:
        sent.append(route.request.post_data or route.request.url.partition("?")[2])
        route.fulfill(status=204)

    page.route(re.compile(r"/versions/1/(edit|export)/"), keep)
    press()
    wait_for(lambda: bool(page.evaluate("1")) and bool(sent), 10)
    return parse_qs(sent[0])


@pytest.mark.parametrize(
    "path",
    [
        GRID,
        f"{GRID}?label=bolt&label=nut&objects_min=2&width_min=1",
        f"{GRID}?search=nothing",
        f"{GRID}2/",
        f"/datasets/{MASKS}/images/",
        f"/datasets/{MASKS}/images/1/?label=dog",
        f"/datasets/{NAMES}/images/",
        f"/datasets/{NAMES}/images/0/",
    ],
)
def test_page(pages, looked_at, check_page, path):
    for variant in variants_of(path):
        check_page(pages[variant], path)


def test_more_images_come_as_one_scrolls_and_nothing_jumps(grid):
    expect(tiles(grid)).to_have_count(120)  # the page after the one on the screen is asked for at once
    grid.evaluate("""() => { window.shift = 0;
        const add = (entry) => { if (!entry.hadRecentInput) window.shift += entry.value; };
        const watcher = new PerformanceObserver((list) => list.getEntries().forEach(add));
        watcher.observe({type: 'layout-shift', buffered: true});
        window.settled = 0;
        const count = new MutationObserver((records) => { window.settled += records.length; });
        count.observe(document.documentElement, {attributeFilter: ['data-overlays-off']}); }""")
    for count in (180, IMAGES):
        grid.evaluate("scrollTo(0, document.body.scrollHeight)")
        expect(tiles(grid)).to_have_count(count)
    expect(grid.locator("[data-more]")).to_have_count(0)
    rows = tiles(grid).locator(".tile-check").evaluate_all("boxes => boxes.map(box => Number(box.value))")
    assert rows == list(range(IMAGES))
    assert grid.evaluate("window.shift") < 0.05
    assert grid.evaluate("window.settled") <= 4  # once a page of images, not once an image


def test_filters_apply_at_once_stand_in_the_address_and_go_back(grid):
    grid.get_by_label("Split", exact=True).select_option("train")
    expect(grid.locator(".filter-chip", has_text="train")).to_be_visible()
    grid.get_by_label("Most objects").fill("1")
    grid.get_by_label("Most objects").press("Enter")
    expect(grid.locator("#filter-count")).to_have_text(f"{(IMAGES + 2) // 3} images")
    assert "split=train" in grid.url
    assert "objects_max=1" in grid.url
    assert "search" not in grid.url
    grid.locator(".filter-chip", has_text="Objects").click()
    expect(grid.locator("#filter-count")).to_have_text(f"{IMAGES} images")
    grid.go_back()
    expect(grid.locator("#filter-count")).to_have_text(f"{(IMAGES + 2) // 3} images")


def test_labels_are_completed_by_the_server_and_added_one_by_one(grid):
    field = grid.get_by_label("Label", exact=True)
    field.fill("was")
    expect(grid.locator("#label-options option")).to_have_count(1)
    field.press("Enter")
    expect(grid.locator("#filter-count")).to_have_text("0 images")  # what is typed is what is asked
    grid.locator(".filter-chip").click()
    field = grid.get_by_label("Label", exact=True)
    for label in ("washer", "nut"):
        field.fill(label)
        field.press("Enter")
        expect(grid.locator(".filter-chip", has_text=label)).to_be_visible()
        expect(field).to_have_value("")
    expect(grid.locator("#filter-count")).to_have_text(f"{sum(n % 3 > 0 for n in range(IMAGES))} images")
    grid.get_by_label("Images with").select_option("all")
    expect(grid.locator("#filter-count")).to_have_text(f"{sum(n % 3 == 2 for n in range(IMAGES))} images")


def test_search_filters_while_typing(grid):
    grid.keyboard.press("/")
    grid.keyboard.type("p00")
    expect(grid.locator("#filter-count")).to_have_text("10 images")
    expect(grid.get_by_role("searchbox", name="Search")).to_be_focused()


def test_what_is_drawn_is_chosen_and_remembered(page, looked_at):
    page.goto(f"/datasets/{MASKS}/images/")
    masks, boxes = page.locator(".drawing-masks").first, page.locator(".drawing-boxes").first
    expect(masks).to_be_visible()
    expect(page.locator(".drawing-names").first).to_be_hidden()
    page.get_by_role("button", name="Masks").click()
    page.get_by_role("button", name="Labels").click()
    for _ in range(2):
        expect(masks).to_be_hidden()
        expect(boxes).to_be_visible()
        expect(page.locator(".drawing-names").first).to_be_visible()
        expect(page.get_by_role("button", name="Masks")).to_have_attribute("aria-pressed", "false")
        page.reload()
    page.goto(f"/datasets/{MASKS}/images/1/")
    expect(page.locator(".drawing-masks")).to_be_visible()


def test_drawing_lies_where_the_image_is(page, looked_at):
    page.goto(GRID + "0/")
    place = page.evaluate("""() => {
        const stage = document.querySelector('.viewer-stage').getBoundingClientRect();
        const box = document.querySelector('.drawing-boxes [data-object]').getBoundingClientRect();
        const scale = Math.min(stage.width / 160, stage.height / 120);
        return [(box.x - stage.x - (stage.width - 160 * scale) / 2) / scale / 160, box.width / scale / 160,
                (box.y - stage.y - (stage.height - 120 * scale) / 2) / scale / 120]; }""")
    assert place == pytest.approx([0.1, 0.5, 0.1], abs=0.02)


def test_images_are_chosen_by_click_span_and_key(grid):
    boxes = grid.locator(".tile-check")
    expect(grid.locator(".selection-bar")).to_be_hidden()
    boxes.nth(2).click()
    boxes.nth(6).click(modifiers=["Shift"])
    expect(grid.locator("[data-selection-count]")).to_have_text("5 chosen")
    grid.keyboard.press("Escape")
    grid.keyboard.press("j")
    grid.keyboard.press("j")
    grid.keyboard.press(" ")
    expect(boxes.nth(1)).to_be_checked()
    tiles(grid).nth(4).locator("a").click(modifiers=["Shift"])
    sent = choice_sent(grid, lambda: drop(grid))
    assert sent["rows"] == ["1-6"] or sent["rows"] == ["1-4"]
    assert sent["action"] == ["drop"]


def drop(page) -> None:
    page.locator("summary", has_text="Drop").click()
    page.get_by_role("button", name="Make a version without them").click()


def test_all_that_match_are_chosen_by_their_filter(grid):
    grid.goto(f"{GRID}?label=nut&split=train")
    grid.locator(".tile-check").first.check()
    grid.get_by_label(re.compile("all .* that match")).check()
    expect(grid.locator("[data-selection-count]")).to_have_text("All chosen")
    grid.locator("summary", has_text="Move to split").click()
    grid.get_by_label("To the split").select_option("test")
    sent = choice_sent(grid, lambda: grid.get_by_role("button", name="Move into a new version").click())
    assert parse_qs(sent["matching"][0]) == {"label": ["nut"], "split": ["train"]}
    assert (sent["action"], sent["split"]) == (["move"], ["test"])
    assert "rows" not in sent


def test_choice_goes_to_the_export_without_anything_else(grid):
    for number in (0, 1, 2, 9):
        grid.locator(".tile-check").nth(number).check()
    sent = choice_sent(grid, lambda: grid.get_by_role("button", name="Export…").click())
    assert sent == {"rows": ["0-2,9"]}


def test_chosen_images_are_dropped_in_the_next_version(page, looked_at, rest):
    page.goto(f"/datasets/{EDITED}/images/")
    page.locator(".tile-check").nth(3).click()
    page.locator(".tile-check").nth(4).click(modifiers=["Shift"])
    drop(page)
    page.wait_for_url(re.compile(r"version=2"))
    wait_for(lambda: rest.get(f"/datasets/{EDITED}/versions/2").json()["status"] == "ready", 60)
    page.goto(f"/datasets/{EDITED}/images/")
    expect(page.locator("#filter-count")).to_have_text("12 images")
    names = page.locator("[data-grid] img").evaluate_all("images => images.map(image => image.alt)")
    assert [int(re.search(r"p(\d+)", name)[1]) for name in names] == [0, 1, 2, *range(5, 14)]


def test_j_k_and_enter_open_an_image_and_arrows_step_on(grid):
    for key in ("j", "j", "j", "k"):
        grid.keyboard.press(key)
    expect(tiles(grid).nth(1).locator("a")).to_be_focused()
    grid.keyboard.press("Enter")
    grid.wait_for_url(re.compile(r"/images/1/"))
    grid.keyboard.press("ArrowRight")
    grid.wait_for_url(re.compile(r"/images/2/"))
    grid.keyboard.press("k")
    grid.wait_for_url(re.compile(r"/images/1/"))


def scale_of(page) -> int:
    return int(page.locator("[data-scale]").inner_text().split()[0])


def test_viewer_zooms_moves_and_fits(page, looked_at):
    page.goto(GRID + "5/")
    fitted = scale_of(page)
    for _ in range(4):
        page.keyboard.press("+")
    zoomed = scale_of(page)
    assert zoomed > 2 * fitted
    before = page.locator(".viewer-stage svg").get_attribute("viewBox")
    page.keyboard.press("ArrowRight")  # moves, and does not leave
    assert page.locator(".viewer-stage svg").get_attribute("viewBox") != before
    assert "/images/5/" in page.url
    stage = page.locator("[data-stage]").bounding_box()
    middle = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
    before = page.locator(".viewer-stage svg").get_attribute("viewBox")
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 90, middle[1] + 40, steps=4)
    page.mouse.up()
    assert page.locator(".viewer-stage svg").get_attribute("viewBox") != before
    page.mouse.wheel(0, -300)
    wait_for(lambda: scale_of(page) > zoomed, 5)
    page.get_by_role("button", name="1:1").click()
    assert scale_of(page) == max(100, fitted)
    page.get_by_role("button", name="Fit").click()
    assert scale_of(page) == fitted
    page.keyboard.press("-")
    assert scale_of(page) == fitted


def test_two_fingers_zoom(browser, darkroom, session_cookies, looked_at):
    context = open_context(browser, darkroom, session_cookies, "phone light")
    page = context.new_page()
    page.goto(GRID + "5/")
    fitted = scale_of(page)
    page.evaluate("""() => { const stage = document.querySelector('[data-stage]');
        const { left, top } = stage.getBoundingClientRect();
        const touch = (type, id, x) => stage.dispatchEvent(new PointerEvent(type, { pointerId: id, pointerType: 'touch',
            isPrimary: id === 21, buttons: 1, clientX: left + x, clientY: top + 100, bubbles: true }));
        stage.setPointerCapture = () => {};
        touch('pointerdown', 21, 100); touch('pointerdown', 22, 140);
        touch('pointermove', 22, 180); touch('pointermove', 22, 220); }""")
    assert scale_of(page) == pytest.approx(fitted * 3, rel=0.05)
    close_context(context)


def test_an_object_and_its_line_light_up_together(page, looked_at):
    page.goto(GRID + "2/")
    lines, shapes = page.locator(".object-list button"), page.locator(".drawing-boxes [data-object]")
    expect(lines).to_have_count(3)
    lines.nth(1).hover()
    expect(page.locator(".drawing-boxes .is-lit")).to_have_attribute("data-object", "2")
    smallest = shapes.nth(2).bounding_box()
    page.mouse.move(smallest["x"] + smallest["width"] / 2, smallest["y"] + smallest["height"] / 2)
    expect(page.locator(".object-list .is-lit")).to_have_attribute("data-object", "3")
    before = scale_of(page)
    lines.nth(2).click()
    assert scale_of(page) > before


def test_names_are_text_and_never_markup(page, looked_at):
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    page.goto(f"/datasets/{NAMES}/images/")
    expect(page.locator(".tile .label-chip bdi").first).to_have_text(EVIL)
    expect(page.locator(".tile .label-chip bdi").nth(1)).to_have_text(TURNED)
    assert page.locator(".tile .label-chip bdi").nth(1).evaluate("e => getComputedStyle(e).unicodeBidi") == "isolate"
    page.get_by_label("Label", exact=True).fill("onerror")
    expect(page.locator("#label-options option")).to_have_count(1)
    assert page.locator("#label-options option").get_attribute("value") == EVIL
    page.get_by_label("Label", exact=True).fill(EVIL)
    page.get_by_label("Label", exact=True).press("Enter")
    expect(page.locator(".filter-chip bdi")).to_have_text(EVIL)
    expect(page.locator("#filter-count")).to_have_text("7 images")
    tiles(page).first.locator("a").click()
    expect(page.locator(".viewer-side .label-chip bdi").first).to_have_text(EVIL)
    expect(page.locator(".facts bdi").first).to_have_text('images/p000 <b>&".jpg')
    page.get_by_text("Annotation as uploaded").click()
    assert page.locator("img[src=x], script:not([src]), .facts b").count() == 0
    assert not alerts


def test_without_a_script(browser, darkroom, session_cookies, looked_at):
    context = browser.new_context(base_url=darkroom.url, java_script_enabled=False)
    context.add_cookies(session_cookies)
    page = context.new_page()
    page.goto(GRID)
    page.get_by_label("Split", exact=True).select_option("train")
    page.get_by_label("Label", exact=True).fill("bolt")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#filter-count")).to_have_text(f"{IMAGES} images")
    page.locator("[data-more]").click()
    expect(page.get_by_role("link", name="Back to the first images")).to_be_visible()
    expect(page.locator(".selection-bar")).to_be_visible()
    tiles(page).first.locator("a").click()
    expect(page.locator(".viewer-stage svg [data-object]").first).to_be_visible()
    page.get_by_role("link", name="Next").click()
    page.wait_for_url(re.compile(r"/images/61/.*label=bolt&split=train"))
    close_context(context)
