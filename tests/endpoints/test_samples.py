"""The Consume tab's programs, pasted and run against a web server that listens, with a real server behind it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from html import unescape

import pytest
import uvicorn
from PIL import Image

from endpoints.models import Endpoint
from endpoints.samples import make_samples
from studio.asgi import application
from tests.endpoints.conftest import run_server, wait_for
from tests.endpoints.factories import make_deployment, make_endpoint
from tests.running import free_port

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services, pytest.mark.heavy]


@pytest.fixture
def web():
    """The studio's own ASGI application on a port; in a thread, so that it sees this test's database."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(application, host="127.0.0.1", port=port, lifespan="off", log_level="warning")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for(lambda: server.started, 30)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def samples(web):
    endpoint = make_endpoint("fasteners", traffic={"blue": 100})
    with run_server("tests.endpoints.model_like", free_port()) as url:
        make_deployment(endpoint, "blue", urls=(url,))
        found = make_samples(f"{web}/endpoints/fasteners/score", endpoint.primary_key)
        yield {sample.title: sample for sample in found}


@pytest.fixture
def folder(tmp_path):
    Image.effect_noise((640, 480), 80).convert("RGB").save(tmp_path / "photo.jpg")
    return tmp_path


def paste(text: str, folder) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_curl_with_a_file(samples, folder):
    answer = json.loads(paste(samples["curl, an image file"].text, folder))
    assert answer[0]["labels"] == ["nut", "washer"]
    assert answer[0]["size"] == (folder / "photo.jpg").stat().st_size


def test_curl_with_json(samples, folder):
    answer = json.loads(paste(samples["curl, JSON as on Azure"].text, folder))
    assert answer[0]["size"] == (folder / "photo.jpg").stat().st_size


def test_curl_with_an_explanation_leaves_the_picture(samples, folder):
    paste(samples["curl, with an explanation"].text, folder)
    assert (folder / "explained.png").read_bytes() == (folder / "photo.jpg").read_bytes()


def test_python_prints_the_best_label(samples, folder):
    (folder / "score.py").write_text(samples["Python, standard library only"].text)
    done = subprocess.run([sys.executable, "-I", "score.py"], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.stdout == "washer 0.75\n", done.stderr


def test_the_page_shows_exactly_these(signed_in, samples):
    page = unescape(signed_in.get("/endpoints/fasteners/consume/").content.decode())
    for sample in samples.values():
        for line in sample.text.splitlines():
            assert line.partition("http://")[0].strip() in page
    assert Endpoint.objects.get().primary_key in page
