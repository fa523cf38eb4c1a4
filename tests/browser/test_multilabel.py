"""Multi-label classification from its images to a page that explains several labels, over a really trained model."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from studio.demo.steps import first_image
from tests.browser.conftest import job_document, sent, serve, train, upload_sample, variants_of, wait_until_served
from tests.documents import make_scoring_request

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NAME = "browser-many-labels"
PAGES = [
    f"/jobs/{NAME}/",
    f"/jobs/{NAME}/trials/0/metrics/",
    f"/jobs/{NAME}/trials/0/evaluation/",
    f"/jobs/{NAME}/trials/0/predictions/",
    f"/endpoints/{NAME}/test/",
    f"/endpoints/{NAME}/consume/",
]


@pytest.fixture(scope="module")
def served(rest: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A trained, registered and deployed multi-label model; the name of its dataset, job, model and endpoint."""
    archive = upload_sample(rest, tmp_path_factory.mktemp("sample"), "image_classification_multilabel", NAME, images=40)
    data = {"path": f"azureml:{NAME}:1", "type": "mltable"}
    task = {"task": "image_classification_multilabel", "primary_metric": "iou"}
    best = train(rest, job_document(NAME, epochs=2) | task | {"training_data": data})["best_trial"]
    assert 0 <= best["metrics"]["iou_low"] <= best["primary_metric"] <= 1
    evaluation = rest.get(f"/jobs/{NAME}/trials/0/evaluation").json()
    assert evaluation["task_type"] == task["task"]
    assert evaluation["metrics"]["iou"] == best["primary_metric"]
    serve(rest, NAME, NAME, NAME)
    wait_until_served(rest, NAME)
    answer = rest.post(f"/endpoints/{NAME}/score", json=make_scoring_request(first_image(archive)[1]))
    sent(answer)
    (given,) = answer.json()
    labels = rest.get(f"/datasets/{NAME}/versions/1").json()["labels"]
    assert set(given["labels"]) == set(labels)
    assert all(0 <= value <= 1 for value in given["probs"])
    return NAME


@pytest.mark.parametrize("path", PAGES)
def test_page(pages, served, check_page, path):
    for variant in variants_of(path):
        check_page(pages[variant], path)


def test_a_count_of_a_label_opens_its_images(page: Page, served: str) -> None:
    page.goto(f"/jobs/{served}/trials/0/evaluation/")
    count = page.locator("a.count[href*='missed'], a.count[href*='false']").first
    images = int(count.inner_text())
    count.click()
    expect(page.locator(".filters-count")).to_contain_text(f"{images} image")
    expect(page.locator(".outcome.is-missed, .outcome.is-false").first).to_be_visible()


def test_several_labels_are_given_and_explained(page: Page, served: str) -> None:
    page.goto(f"/endpoints/{served}/test/")
    page.locator("label.form-imagecheck").first.click()
    page.get_by_label("Explain with").select_option("guided_backprop")
    page.get_by_label("Explain each label from a probability of").fill("0")
    page.get_by_role("button", name="Score").click()
    expect(page.locator("#answer [data-given]")).to_contain_text("Given: ", timeout=60_000)
    rows = page.locator("#answer tr[data-probability]")
    expect(rows).to_have_count(4)
    expect(page.locator("#answer tr.is-given")).to_have_count(4)
    expect(page.locator("#answer h3", has_text=re.compile("^Why "))).to_have_count(4)
    highest = float(rows.first.get_attribute("data-probability") or 0)
    slider = page.get_by_role("slider", name=re.compile("Give labels from"))
    slider.fill(f"{highest - 0.005:.2f}")
    expect(page.locator("#answer tr.is-given").first).to_be_visible()
    assert 1 <= page.locator("#answer tr.is-given").count() < 4
    slider.fill("1")
    expect(page.locator("#answer [data-given]")).to_have_text("No label is given.")
