"""Object detection from its images to the ones that the model got wrong, over a really trained model."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from studio.demo.steps import first_image
from tests.answers import check_boxes
from tests.browser.conftest import sent, serve, train, upload_sample, variants_of, wait_until_served
from tests.documents import make_job_document, make_scoring_request

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NAME = "browser-objects"
TRIAL = f"/jobs/{NAME}/trials/0"
PAGES = [f"/jobs/{NAME}/", *(f"{TRIAL}/{tab}" for tab in ("", "metrics/", "evaluation/", "predictions/", "files/"))]
PARAMETERS = {
    "model_name": "yolov5",
    "model_size": "nano",
    "image_size": 64,
    "number_of_epochs": 1,
    "box_score_threshold": 0.1,
    "pretrained": "none",
    "number_of_workers": 0,
    "mixed_precision": "off",
    "random_seed": 7,
}


@pytest.fixture(scope="module")
def archive(rest: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return upload_sample(rest, tmp_path_factory.mktemp("sample"), "image_object_detection", NAME, images=30)


@pytest.fixture(scope="module")
def trained(rest: httpx.Client, archive: Path) -> str:
    """The name of a completed job that finds objects; it hardly can, so there are mistakes to look at."""
    task = "image_object_detection"
    document = make_job_document(task, "mean_average_precision", f"{NAME}:1", PARAMETERS, name=NAME)
    best = train(rest, document)["best_trial"]
    evaluation = rest.get(f"/jobs/{NAME}/trials/0/evaluation").json()
    assert evaluation["task_type"] == task
    assert evaluation["metrics"]["mean_average_precision"] == best["primary_metric"]
    return NAME


@pytest.mark.parametrize("path", PAGES)
def test_page(pages, trained, check_page, path):
    for variant in variants_of(path):
        check_page(pages[variant], path)


def test_a_kind_of_mistake_opens_its_images_and_each_shows_truth_beside_found(page: Page, trained: str) -> None:
    page.goto(f"{TRIAL}/evaluation/")
    page.get_by_role("link", name="Missed", exact=True).click()
    expect(page.locator(".pair-words").first).to_contain_text("missed")
    page.locator(".pair a").first.click()
    expect(page.locator(".viewer-still")).to_have_count(2)
    expect(page.locator(".lines .text-danger").first).to_be_visible()
    drawing = page.locator("svg.drawing").first
    assert drawing.evaluate("e => getComputedStyle(e).position") == "absolute"  # over the image, not below it
    first = page.url
    page.keyboard.press("ArrowRight")
    page.wait_for_url(lambda url: url != first)
    page.get_by_role("link", name="Both on one image").click()
    expect(page.locator(".viewer-still")).to_have_count(1)
    page.get_by_role("link", name="Back to the list").click()
    expect(page).to_have_url(re.compile("error=missed"))


def test_a_threshold_is_chosen_on_the_page_and_kept(page: Page, trained: str) -> None:
    page.goto(f"{TRIAL}/evaluation/")
    page.get_by_label("Finds count from a score of").select_option("0.9")
    page.wait_for_url(re.compile("score=0.9"))
    missed = int(
        page.locator(".lines li", has_text="A labelled object that nothing found")
        .locator(".fw-normal")
        .inner_text()
        .split(",")[0]
    )
    page.get_by_role("link", name="Missed", exact=True).click()
    page.wait_for_url(re.compile("error=missed&score=0.9"))
    assert missed > 0
    expect(page.locator(".pair").first).to_be_visible()


def test_an_endpoint_answers_with_boxes(page: Page, rest: httpx.Client, archive: Path, trained: str) -> None:
    serve(rest, trained, NAME, NAME)
    wait_until_served(rest, NAME)
    answer = rest.post(f"/endpoints/{NAME}/score", json=make_scoring_request(first_image(archive)[1]))
    sent(answer)
    labels = rest.get(f"/datasets/{NAME}/versions/1").json()["labels"]
    check_boxes(answer.json(), labels, has_polygons=False)
    page.goto(f"/endpoints/{NAME}/")
    expect(page.locator("main")).to_contain_text(re.compile("healthy", re.IGNORECASE))
