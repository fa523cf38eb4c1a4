"""Starting and ending: nothing stays behind, whichever way it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.endpoints.model_server.running import are_gone, run_model_server
from tests.endpoints.model_server.test_scoring import make_body
from tests.processes import wait_for
from tests.running import ROOT, free_port

pytestmark = pytest.mark.slow


@pytest.fixture
def fresh(model_folder, tmp_path):
    with run_model_server(model_folder, tmp_path / "log", "--request-timeout-ms", "20000") as server:
        server.wait_until_healthy()
        yield server


def sum_processor_seconds(family):
    return sum(process.cpu_times().user for process in family)


def test_sigterm_finishes_what_is_under_way(fresh):
    family = fresh.family()
    body = make_body(0, xai={"xai_algorithm": "integrated_gradients", "n_steps": 10})
    used = sum_processor_seconds(family)
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(fresh.post, "/explain", body)
        wait_for(lambda: sum_processor_seconds(family) > used + 0.05)
        os.killpg(fresh.process.pid, signal.SIGTERM)
        assert under_way.result().status_code == 200
    assert fresh.process.wait(20) == 0
    wait_for(lambda: are_gone(family), 10)
    assert "Traceback" not in fresh.log.read_text()


def test_kill_9_of_the_main_process_leaves_nothing(fresh):
    family = fresh.family()
    assert len(family) >= 5
    fresh.process.kill()
    wait_for(lambda: are_gone(family), 10)


@pytest.mark.parametrize("pick", [lambda server: server.lanes()[0], lambda server: server.template()])
def test_a_lost_lane_or_their_template_ends_the_server(fresh, pick):
    family = fresh.family()
    pick(fresh).kill()
    assert fresh.process.wait(20) == 1
    wait_for(lambda: are_gone(family), 10)
    assert "Lost inference-worker" in fresh.log.read_text()


def test_the_loss_of_the_parent_ends_it(fresh):
    family = fresh.family()
    fresh.process.release()
    wait_for(lambda: are_gone(family), 20)


def test_time_is_up(model_folder, tmp_path):
    with run_model_server(model_folder, tmp_path / "log", "--request-timeout-ms", "300") as server:
        server.wait_until_healthy()
        answer = server.post("/explain", make_body(0, xai={"xai_algorithm": "integrated_gradients", "n_steps": 2000}))
        assert answer.status_code == 408
        assert "300 ms" in answer.json()["error"]["message"]


def test_not_healthy_before_it_is_warm(model_folder, tmp_path):
    with run_model_server(model_folder, tmp_path / "log") as server:
        seen = []

        def is_warm():
            try:
                seen.append(server.client.get("/health").status_code)
            except httpx.ConnectError:
                return False
            return seen[-1] == 200

        wait_for(is_warm, 200)
        log = server.log.read_text()
        assert "/predict is warm" in log
        assert "/explain is warm" in log
        assert set(seen) <= {200, 503}


def test_a_folder_without_a_model_is_said_at_once(tmp_path):
    command = [sys.executable, "-m", "endpoints.model_server", "--model", str(tmp_path), "--port", str(free_port())]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 2
    assert "model.json of the model cannot be read" in done.stderr
    assert "Traceback" not in done.stderr
