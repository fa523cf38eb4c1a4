import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import JOB

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize(
    ("letter", "path"),
    [("d", "/datasets/"), ("j", "/jobs/"), ("m", "/models/"), ("e", "/endpoints/"), ("c", "/compute/"), ("h", "/")],
)
def test_g_then_a_letter_goes_there(page, darkroom, letter, path):
    page.goto("/help/")
    page.keyboard.press("g")
    page.keyboard.press(letter)
    page.wait_for_url(darkroom.url + path)


def test_slash_searches(page, main_job):
    page.goto("/jobs/")
    page.keyboard.press("/")
    expect(page.get_by_label("Search jobs")).to_be_focused()
    page.keyboard.type("g")
    expect(page.get_by_label("Search jobs")).to_have_value("g")


def test_question_mark_shows_the_keys(moving_page):
    moving_page.goto("/")
    moving_page.keyboard.press("?")
    expect(moving_page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    moving_page.keyboard.press("Escape")
    expect(moving_page.get_by_role("dialog", name="Keyboard")).to_be_hidden()


def test_j_k_and_enter_walk_a_table(page, main_job):
    page.goto(f"/jobs/{JOB}/trials/")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Trial 0")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/trials/0/$"))


def test_the_chosen_colours_stay(page):
    page.goto("/")
    page.get_by_role("button", name="Dark", exact=True).click()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    page.goto("/jobs/")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    expect(page.get_by_role("button", name="Dark", exact=True)).to_have_attribute("aria-pressed", "true")
