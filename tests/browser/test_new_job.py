"""The New job page: fields and YAML follow each other, and what is wrong is shown in both."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]
RATE = "[name='training_parameters.learning_rate']"
DATASET = "browser-form"


@pytest.fixture(scope="module")
def dataset(rest: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> str:
    from vision.data.sample import write_sample

    archive: Path = tmp_path_factory.mktemp("form") / "sample.zip"
    write_sample("image_classification", archive, images=40)
    answer = rest.post("/datasets", files={"file": ("sample.zip", archive.read_bytes())}, data={"name": DATASET})
    answer.raise_for_status()
    wait_for(lambda: rest.get(f"/datasets/{DATASET}/versions/1").json()["status"] == "ready", 120)
    return f"{DATASET}:1"


@pytest.fixture(scope="module")
def objects(rest: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> str:
    from vision.data.sample import write_sample

    archive: Path = tmp_path_factory.mktemp("form") / "objects.zip"
    write_sample("image_object_detection", archive, images=40)
    name = f"{DATASET}-objects"
    answer = rest.post("/datasets", files={"file": ("objects.zip", archive.read_bytes())}, data={"name": name})
    answer.raise_for_status()
    wait_for(lambda: rest.get(f"/datasets/{name}/versions/1").json()["status"] == "ready", 120)
    return f"{name}:1"


@pytest.fixture
def form(page: Page, dataset: str) -> Page:
    page.goto(f"/jobs/new/?dataset={dataset}&step=2")
    expect(page.get_by_role("button", name="Copy")).to_be_visible()
    return page


def card(form: Page, network: str) -> Locator:
    return form.locator(f"[name='training_parameters.model_name'][value='{network}']")


def yaml_of(form: Page) -> str:
    return form.locator("#document").input_value()


def test_the_yaml_follows_the_fields(form: Page) -> None:
    card(form, "resnet18").check()
    form.locator(RATE).fill("0.02")
    form.wait_for_function("() => document.getElementById('document').value.includes('learning_rate: 0.02')")
    assert "model_name: resnet18" in yaml_of(form)
    expect(form.locator("[data-problems]")).to_contain_text("Nothing to mend")


def test_the_fields_follow_the_yaml(form: Page) -> None:
    text = yaml_of(form) + "training_parameters:\n  model_name: mobilenetv2\n  lr_scheduler: step\n"
    form.locator("#document").fill(text)
    expect(form.locator("[name='training_parameters.learning_rate_scheduler']")).to_have_value("step")
    expect(card(form, "mobilenetv2")).to_be_checked()
    assert yaml_of(form) == text  # what someone writes is left as it is written


def test_another_task_brings_its_data_networks_and_settings(form: Page, objects: str) -> None:
    form.get_by_role("button", name="Data and task").click()
    form.get_by_label("Task", exact=True).focus()
    form.get_by_label("Task", exact=True).select_option("image_object_detection")
    expect(form.locator("#training_data-path")).to_have_value(f"azureml:{objects}")
    expect(form.get_by_label("Task", exact=True)).to_be_focused()
    form.get_by_role("button", name="Next: what to run").click()
    expect(card(form, "yolov5")).to_be_visible()
    expect(card(form, "resnet18")).to_have_count(0)
    card(form, "yolov5").check()
    form.locator("[name='training_parameters.image_size']").fill("320")
    form.wait_for_function("() => document.getElementById('document').value.includes('image_size: 320')")
    card(form, "retinanet_resnet50_fpn").check()
    expect(form.locator("[name='training_parameters.min_size']")).to_be_visible()
    expect(form.locator("[name='training_parameters.image_size']")).to_have_count(0)
    expect(card(form, "retinanet_resnet50_fpn")).to_be_focused()
    assert "image_size" not in yaml_of(form)
    assert "primary_metric: mean_average_precision" in yaml_of(form)
    form.get_by_label("Search settings").fill("longest")  # the search knows the new fields
    expect(form.locator("[name='training_parameters.max_size']")).to_be_visible()
    expect(form.locator("[data-problems]")).to_contain_text("Nothing to mend")


def test_naming_another_network_chooses_its_card(form: Page) -> None:
    form.locator("#other_model_name").fill("timm/resnet26")
    expect(card(form, "other")).to_be_checked()
    form.wait_for_function("() => document.getElementById('document').value.includes('model_name: timm/resnet26')")
    expect(form.locator("#other_model_name")).to_be_focused()
    expect(form.locator("#other_model_name")).to_have_value("timm/resnet26")


def test_a_mistake_marks_the_field_and_the_line(form: Page) -> None:
    form.locator(RATE).fill("7")
    problem = form.locator("[data-problem='training_parameters.learning_rate']")
    expect(problem).to_have_text("Must be 0 to 1, not 7.")
    expect(form.locator(RATE)).to_have_attribute("aria-invalid", "true")
    expect(form.locator(".job-gutter .is-marked")).to_have_count(1)
    form.get_by_role("button", name="Line").click()
    selected = form.evaluate("() => getSelection().toString() || document.activeElement.value.slice("
                             "document.activeElement.selectionStart, document.activeElement.selectionEnd)")  # fmt: skip
    assert selected.strip() == "learning_rate: 7"
    form.locator(RATE).fill("")
    expect(problem).to_be_empty()
    expect(form.locator(".job-gutter .is-marked")).to_have_count(0)


def test_the_search_finds_folded_settings(form: Page) -> None:
    expect(form.locator("[name='training_parameters.momentum']")).to_be_hidden()
    form.get_by_label("Search settings").fill("momentum")
    expect(form.locator("[name='training_parameters.momentum']")).to_be_visible()
    expect(form.locator(RATE)).to_be_hidden()
    form.get_by_label("Search settings").fill("")
    expect(form.locator(RATE)).to_be_visible()


def test_training_images_are_previewed_and_follow_the_controls(form: Page) -> None:
    form.set_default_timeout(90_000)
    form.get_by_role("button", name="Preview on my images").click()
    expect(form.get_by_role("status").filter(has_text="Drawing training images")).to_be_visible()
    pictures = form.locator(".job-strip img")
    expect(pictures).to_have_count(15, timeout=90_000)
    form.wait_for_function("() => document.querySelector('.job-strip img').naturalWidth > 0")
    first = pictures.nth(1).get_attribute("src")
    form.get_by_label("Strength").select_option("none")
    form.wait_for_function("old => ![...document.images].some(image => image.getAttribute('src') === old)", arg=first)
    assert "augmentations: none" in yaml_of(form)
    expect(form.get_by_label("Crop", exact=True).locator("option").first).to_have_text("Default: off")
    shown = pictures.nth(1).get_attribute("src")
    form.locator(RATE).fill("0.02")  # changes nothing that shows
    form.wait_for_function("() => document.getElementById('document').value.includes('learning_rate: 0.02')")
    assert pictures.nth(1).get_attribute("src") == shown
    form.get_by_role("button", name="Other images").click()
    form.wait_for_function("old => ![...document.images].some(image => image.getAttribute('src') === old)", arg=shown)


def test_a_double_click_starts_one_job(form: Page, rest: httpx.Client) -> None:
    form.locator("[name='training_parameters.number_of_epochs']").fill("1")
    card(form, "mobilenetv2").check()
    form.locator("[name='training_parameters.pretrained']").select_option("none")
    form.get_by_role("button", name="Next: limits and review").click()
    expect(form.locator("[data-plan]")).to_contain_text("images, validates on")
    before = len(rest.get("/jobs").json()["items"])
    form.get_by_role("button", name="Start training").dblclick()
    form.wait_for_url(lambda url: "/jobs/new" not in url)
    jobs = rest.get("/jobs").json()["items"]
    assert len(jobs) == before + 1
    rest.post(f"/jobs/{jobs[0]['name']}/cancel").raise_for_status()


def test_the_page_works_without_scripts(browser, darkroom, session_cookies, dataset: str) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=darkroom.url)
    context.add_cookies(session_cookies)
    page = context.new_page()
    page.goto(f"/jobs/new/?dataset={dataset}")
    page.get_by_label("Name", exact=True).fill("By hand")
    page.get_by_role("button", name="Next: what to run").click()
    card(page, "resnet18").check()
    page.locator(RATE).fill("7")
    page.get_by_role("button", name="Next: limits and review").click()
    expect(page.locator("[data-problems]")).to_contain_text("Must be 0 to 1, not 7.")
    page.get_by_role("button", name="Back").click()
    page.locator(RATE).fill("0.001")
    page.get_by_role("button", name="Next: limits and review").click()
    expect(page.locator("[data-plan]")).to_contain_text("resnet18")
    assert "display_name: By hand" in page.locator("#document").input_value()
    context.close()
