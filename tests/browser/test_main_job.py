"""The main job as a new user does it, by hand in the browser: from a zip to an explained prediction."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NAME = "by-hand"
SETTINGS = {
    "number_of_epochs": "2",
    "training_crop_size": "64",
    "validation_crop_size": "64",
    "training_batch_size": "8",
}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The sample with one line that names an image which is not there."""
    from vision.data.sample import write_sample

    good, bad = tmp_path / "good.zip", tmp_path / "fasteners.zip"
    write_sample("image_classification", good, images=40)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith("train_annotations.jsonl"):
                data += b'{"image_url": "images/nowhere.jpg", "label": "screw"}\n'
            target.writestr(name, data)
    return bad


def test_from_a_zip_to_a_heat_map(moving_page: Page, archive: Path) -> None:
    upload(moving_page, archive)
    train(moving_page)
    register(moving_page)
    deploy(moving_page)
    explain(moving_page, archive)


def upload(page: Page, archive: Path) -> None:
    page.goto("/datasets/new/")
    page.locator("#file").set_input_files(archive)
    page.get_by_label("Name").fill(NAME)
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url(re.compile(rf"/datasets/{NAME}/"), timeout=60_000)
    expect(page.locator("main")).to_contain_text("40 images", timeout=120_000)  # without a reload
    report = page.locator("main")
    expect(report).to_contain_text("nowhere.jpg")
    expect(report).to_contain_text("train_annotations.jsonl")
    expect(page.locator(".image-grid img").first).to_be_visible()


def train(page: Page) -> None:
    page.get_by_role("link", name="New job").click()
    expect(page.locator("#document")).to_have_value(re.compile(f"azureml:{NAME}:1"))
    page.get_by_role("button", name="Next: what to run").click()
    page.locator("[name='training_parameters.model_name'][value='mobilenetv2']").check()
    advanced = page.locator("#settings details.job-advanced")
    if advanced.get_attribute("open") is None:
        advanced.locator("summary").first.click()
    for name, value in SETTINGS.items():
        page.locator(f"[name='training_parameters.{name}']").fill(value)
    page.locator("[name='training_parameters.pretrained']").select_option("none")
    expect(page.locator("#document")).to_have_value(re.compile("pretrained: none"))
    expect(page.locator("[data-problems]")).to_contain_text("Nothing to mend")
    page.get_by_role("button", name="Next: limits and review").click()
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url(re.compile(r"/jobs/(?!new)[^/]+/$"))
    expect(page.locator(".page-meta .status-badge").first).to_contain_text("Completed", timeout=240_000)


def register(page: Page) -> None:
    page.get_by_role("button", name=re.compile("Register")).click()
    page.wait_for_url(re.compile(r"/models/[^/]+/versions/1/"))
    expect(page.locator("main")).to_contain_text("mobilenetv2")


def deploy(page: Page) -> None:
    page.get_by_role("link", name="Deploy").first.click()
    page.get_by_label("Name of a new endpoint").fill(NAME)
    page.get_by_role("button", name="Deploy").click()
    page.wait_for_url(re.compile(rf"/endpoints/{NAME}/"))
    expect(page.locator("main")).to_contain_text(re.compile("healthy", re.IGNORECASE), timeout=180_000)


def explain(page: Page, archive: Path) -> None:
    page.get_by_role("link", name="Test").click()
    image = archive.parent / "part.jpg"
    with zipfile.ZipFile(archive) as file:
        image.write_bytes(file.read(next(name for name in file.namelist() if name.endswith(".jpg"))))
    page.locator("#image").set_input_files(image)
    expect(page.get_by_alt_text("The image to score")).to_be_visible()
    page.get_by_label("Explain with").select_option("guided_backprop")
    page.get_by_role("button", name="Score").click()
    answer = page.locator("#answer")
    expect(answer.locator("progress")).to_have_count(3, timeout=120_000)
    expect(answer.locator(".explanation-picture")).to_have_js_property("complete", True)
    assert answer.locator(".explanation-picture").evaluate("image => image.naturalWidth") >= 128
