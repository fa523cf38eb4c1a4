"""A real Chromium against a whole Darkroom in which the main job has been done once."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from zlib import crc32

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from tests.browser.checking import check_page as check
from tests.documents import make_job_document
from tests.running import Running, start_darkroom

EXECUTABLES = ("chromium-headless-shell", "chromium", "google-chrome")  # the first does no more than draw pages
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VARIANTS = {
    "wide light": (1440, 900, "light"),
    "wide dark": (1440, 900, "dark"),
    "phone light": (390, 844, "light"),
    "phone dark": (390, 844, "dark"),
}
PAIRS = (("wide light", "phone dark"), ("wide dark", "phone light"))
DATASET, JOB, MODEL, ENDPOINT = "browser-fasteners", "browser-job", "browser-model", "browser-endpoint"


def find_chromium() -> str:
    executable = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, EXECUTABLES)), None)
    if not executable:
        pytest.fail("No Chromium. Install Debian's package chromium-headless-shell, or name one in CHROMIUM.")
    return executable


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Ended with the last test of this folder: as long as it is there, this thread has an event loop running."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def darkroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A whole Darkroom, started as a user starts it, with a home and a port of its own."""
    running = start_darkroom(tmp_path_factory.mktemp("darkroom") / "a home")
    yield running
    running.stop()


@pytest.fixture(scope="package")
def session_cookies(browser: Browser, darkroom: Running) -> list[Any]:
    """Signed in as a user does: by the link."""
    context = browser.new_context()
    context.new_page().goto(darkroom.sign_in_url)
    cookies = context.cookies()
    close_context(context)
    return cookies


def variants_of(path: str) -> tuple[str, str]:
    """Both widths and both schemes. Which go together changes from page to page: what all share is seen in all four."""
    return PAIRS[crc32(path.encode()) % 2]


def open_context(
    browser: Browser, darkroom: Running, cookies: list[Any], variant: str, is_still: bool = False
) -> BrowserContext:
    """`is_still`: for someone who asks for no motion, so that nothing is looked at half way."""
    width, height, scheme = VARIANTS[variant]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce" if is_still else None,
        base_url=darkroom.url,
    )
    context.set_default_timeout(40_000)
    context.add_cookies(cookies)
    return context


def close_context(context: BrowserContext) -> None:
    """Chromium 156 never answers a request to close a context while one of its pages is about to go elsewhere."""
    for page in context.pages:
        with suppress(Error):  # the other navigation came first: it is over now
            page.goto("about:blank")
    context.close()


@pytest.fixture
def open_page(browser: Browser, darkroom: Running, session_cookies: list[Any]) -> Iterator[Callable[[bool], Page]]:
    """`open_page(is_still)` is a signed-in page of its own."""
    opened: list[BrowserContext] = []

    def open_one(is_still: bool) -> Page:
        opened.append(open_context(browser, darkroom, session_cookies, "wide light", is_still))
        return opened[-1].new_page()

    yield open_one
    for context in opened:
        close_context(context)


@pytest.fixture
def page(open_page: Callable[[bool], Page]) -> Page:
    """Without motion: to draw it takes a sixth of the browser's time."""
    return open_page(True)


@pytest.fixture
def moving_page(open_page: Callable[[bool], Page]) -> Page:
    """As most users see it."""
    return open_page(False)


@pytest.fixture(scope="package")
def pages(browser: Browser, darkroom: Running, session_cookies: list[Any]) -> Iterator[dict[str, Page]]:
    """One signed-in page for each width and colour scheme."""
    contexts = {name: open_context(browser, darkroom, session_cookies, name, is_still=True) for name in VARIANTS}
    yield {name: context.new_page() for name, context in contexts.items()}
    for context in contexts.values():
        close_context(context)


@pytest.fixture
def check_page() -> Callable[..., None]:
    return check


@pytest.fixture(scope="package")
def rest(darkroom: Running) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {darkroom.token}"}
    with httpx.Client(base_url=f"{darkroom.url}/api/v1", headers=headers, timeout=60) as client:
        yield client


@pytest.fixture(scope="package")
def main_job(rest: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Sample data, one trained trial, a registered model and its deployment, soon healthy. The job's name."""
    upload_sample(rest, tmp_path_factory.mktemp("sample"), "image_classification", DATASET, images=60)
    train(rest, job_document(JOB, epochs=2))
    serve(rest, JOB, MODEL, ENDPOINT)
    return JOB


def job_document(name: str, epochs: int, network: str = "mobilenetv2") -> dict[str, Any]:
    parameters = {
        "model_name": network,
        "number_of_epochs": epochs,
        "pretrained": "none",
        "train_crop_size": 64,
        "valid_resize_size": 72,
        "valid_crop_size": 64,
    }
    limits = {"max_trials": 1, "timeout_minutes": 30}
    return make_job_document("image_classification", "accuracy", f"{DATASET}:1", parameters, name=name, limits=limits)


def upload_sample(rest: httpx.Client, folder: Path, task: str, name: str, images: int) -> Path:
    """The rendered sample as dataset `name`, imported. Returns the archive."""
    from vision.data.sample import write_sample

    archive = folder / "sample.zip"
    write_sample(task, archive, images=images)
    sent(rest.post("/datasets", files={"file": ("sample.zip", archive.read_bytes())}, data={"name": name}))
    path = f"/datasets/{name}/versions/1"
    wait_for(lambda: rest.get(path).json()["status"] == "ready", 120)
    assert rest.get(path).json()["task"] == task
    return archive


def train(rest: httpx.Client, document: dict[str, Any]) -> dict[str, Any]:
    """The job of `document`, completed."""
    path = f"/jobs/{document['name']}"
    sent(rest.post("/jobs", json=document))
    wait_for(lambda: rest.get(path).json()["status"] in ("Completed", "Failed"), 240)
    job: dict[str, Any] = rest.get(path).json()
    assert job["status"] == "Completed", job["error"]
    return job


def serve(rest: httpx.Client, job: str, model: str, endpoint: str) -> None:
    """Register the model of the job's first trial and begin to deploy it."""
    path = f"azureml://jobs/{job}_HD_0/outputs/artifacts/outputs/mlflow-model/"
    sent(rest.post("/models", json={"name": model, "path": path, "type": "mlflow_model"}))
    sent(rest.post("/online-endpoints", json={"name": endpoint, "auth_mode": "key"}))
    deployment = {"name": "blue", "endpoint_name": endpoint, "model": f"azureml:{model}:1"}
    sent(rest.post(f"/online-endpoints/{endpoint}/deployments?all_traffic=true", json=deployment))


def wait_until_served(rest: httpx.Client, endpoint: str) -> None:
    blue = f"/online-endpoints/{endpoint}/deployments/blue"
    wait_for(lambda: rest.get(blue).json()["provisioning_state"] in ("Succeeded", "Failed"), 180)
    assert rest.get(blue).json()["provisioning_state"] == "Succeeded"


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.3)
    raise AssertionError(f"Still not so after {seconds:.0f} s.")


def sent(answer: httpx.Response) -> None:
    assert answer.is_success, f"{answer.request.url}: {answer.status_code} {answer.text[:600]}"
