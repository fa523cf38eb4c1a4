"""The README's pictures: `screenshots.py SIGN_IN_URL [OUT]`, from a running Darkroom that has done `make demo`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from studio.demo.client import Client
from studio.demo.steps import first_image
from vision.data.sample import write_sample

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
WIDTH, HEIGHT = 1280, 800


def main(sign_in_url: str, out: Path) -> None:
    parts = urlsplit(sign_in_url)
    client = Client(f"{parts.scheme}://{parts.netloc}", parse_qs(parts.query)["token"][0])
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        executable = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        page = _signed_in(browser, sign_in_url)
        for name, path in _pages(client).items():
            page.goto(client.page(path), wait_until="load")
            page.wait_for_timeout(1500)
            _save(page, out / f"{name}.png")
        _explain(page, client, out / "endpoint-test.png")
        browser.close()


def _signed_in(browser: Browser, sign_in_url: str) -> Page:
    page = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}).new_page()
    page.goto(sign_in_url)
    return page


def _pages(client: Client) -> dict[str, str]:
    job = next(job for job in client.get("/jobs")["items"] if job["best_trial"])
    name, number = job["name"], job["best_trial"]["number"]
    reference = job["spec"]["training_data"]["path"]
    dataset = reference.removeprefix("azureml:").partition(":")[0].partition("@")[0]
    return {
        "home": "/",
        "dataset": f"/datasets/{dataset}/images/",
        "new-job": f"/jobs/new/?clone={name}",
        "trial": f"/jobs/{name}/trials/{number}/metrics/",
        "evaluation": f"/jobs/{name}/trials/{number}/evaluation/",
    }


def _explain(page: Page, client: Client, target: Path) -> None:
    """The Test tab with an answer and a heat map on it."""
    endpoint = client.get("/online-endpoints")["items"][0]["name"]
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "sample.zip"
        write_sample("image_classification", archive)
        name, data = first_image(archive)
        image = Path(folder) / Path(name).name
        image.write_bytes(data)
        page.goto(client.page(f"/endpoints/{endpoint}/test/"))
        page.locator("input[type=file]").set_input_files(image)
        explain = page.locator("select[name=xai_algorithm]")
        if explain.count():
            explain.select_option("xrai")
        page.get_by_role("button", name="Score").click()
        page.get_by_alt_text("heat map", exact=False).wait_for(timeout=120_000)
        page.mouse.wheel(0, -10_000)
        page.wait_for_timeout(500)
        _save(page, target)


def _save(page: Page, target: Path) -> None:
    page.screenshot(path=target)
    picture = Image.open(target).convert("P", palette=Image.Palette.ADAPTIVE, colors=256)
    picture.save(target, optimize=True)
    print(target)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else Path("docs/screenshots"))
