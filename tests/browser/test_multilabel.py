"""Multi-label classification from its images to a page that explains several labels, over a really trained model."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import job_document, variants_of, wait_for
from vision.data.sample import write_sample

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


def sent(answer: httpx.Response) -> None:
    assert answer.is_success, f"{answer.request.url}: {answer.status_code} {answer.text[:600]}"


@pytest.fixture(scope="module")
def served(rest: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A trained, registered and deployed multi-label model; the name of its dataset, job, model and endpoint."""
    archive: Path = tmp_path_factory.mktemp("sample") / "sample.zip"
    write_sample("image_classification_multilabel", archive, images=40)
    sent(rest.post("/datasets", files={"file": ("sample.zip", archive.read_bytes())}, data={"name": NAME}))
    wait_for(lambda: rest.get(f"/datasets/{NAME}/versions/1").json()["status"] == "ready", 120)
    data = {"path": f"azureml:{NAME}:1", "type": "mltable"}
    task = {"task": "image_classification_multilabel", "primary_metric": "iou"}
    sent(rest.post("/jobs", json=job_document(NAME, epochs=2) | task | {"training_data": data}))
    wait_for(lambda: rest.get(f"/jobs/{NAME}").json()["status"] in ("Completed", "Failed"), 240)
    job = rest.get(f"/jobs/{NAME}").json()
    assert job["status"] == "Completed", job["error"]
    assert 0 <= job["best_trial"]["metrics"]["iou_low"] <= job["best_trial"]["primary_metric"] <= 1
    path = f"azureml://jobs/{NAME}_HD_0/outputs/artifacts/outputs/mlflow-model/"
    sent(rest.post("/models", json={"name": NAME, "path": path, "type": "mlflow_model"}))
    sent(rest.post("/online-endpoints", json={"name": NAME, "auth_mode": "key"}))
    deployment = {"name": "blue", "endpoint_name": NAME, "model": f"azureml:{NAME}:1"}
    sent(rest.post(f"/online-endpoints/{NAME}/deployments?all_traffic=true", json=deployment))
    blue = f"/online-endpoints/{NAME}/deployments/blue"
    wait_for(lambda: rest.get(blue).json()["provisioning_state"] in ("Succeeded", "Failed"), 180)
    assert rest.get(blue).json()["provisioning_state"] == "Succeeded"
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
