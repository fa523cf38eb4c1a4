"""The supervisor with real model server processes of a small untrained model."""

from __future__ import annotations

import io
import json
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone
from PIL import Image

from datasets import storage as store
from endpoints import selectors, services
from endpoints.gateway import score_request
from endpoints.models import Deployment, DeploymentInstance
from endpoints.supervision import server, slot
from endpoints.supervisor import Supervisor
from jobs.models import Node
from tests.endpoints.conftest import wait_for
from tests.endpoints.factories import make_endpoint
from tests.models_registry.factories import LABELS, make_version
from tests.running import ROOT, free_port
from vision.spec.scoring import build_scoring_request

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.timeout(600)]
READY_WITHIN = 180


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory) -> Path:
    """An untrained mobilenetv2 as the training process would package it."""
    from vision.architectures import build_architecture
    from vision.inference.packaging import ModelCard, save_mlflow_model
    from vision.spec.settings import ClassificationSettings

    built = build_architecture("mobilenetv2", len(LABELS))
    card = ModelCard(
        task_type="image_classification",
        architecture="mobilenetv2",
        label_names=LABELS,
        mean=built.mean,
        std=built.std,
        interpolation=built.interpolation,
    )
    settings = ClassificationSettings(train_crop_size=64, valid_resize_size=72, valid_crop_size=64)
    folder = tmp_path_factory.mktemp("model") / "mlflow-model"
    save_mlflow_model(folder, built.module.state_dict(), card, settings)
    return folder


@pytest.fixture
def version(storage, model_folder):
    store.put_folder(model_folder, "models/fasteners/1/mlflow-model")
    return make_version("fasteners", storage_key="models/fasteners/1/mlflow-model")


@pytest.fixture
def node():
    return Node.objects.create(name="here", heartbeat_at=timezone.now())


@pytest.fixture
def supervisor(node):
    supervisor = Supervisor(node)
    yield supervisor
    supervisor.stop()


def deploy(version, name: str = "blue") -> Deployment:
    endpoint = make_endpoint("fasteners")
    return services.create_deployment(endpoint, {"name": name, "model": version.reference}, all_traffic=True)


def tick_until(supervisor: Supervisor, condition, seconds: float = READY_WITHIN) -> None:
    def tick() -> bool:
        Node.objects.filter(pk=supervisor.node.pk).update(heartbeat_at=timezone.now())
        supervisor.tick()
        return condition()

    wait_for(tick, seconds, step=0.2)


def state_of(deployment: Deployment) -> str:
    return Deployment.objects.get(pk=deployment.pk).provisioning_state


def score() -> tuple[int, list]:
    file = io.BytesIO()
    Image.new("RGB", (90, 80), (200, 30, 30)).save(file, "PNG")
    body = json.dumps(build_scoring_request([file.getvalue()])).encode()
    answer = async_to_sync(score_request)("fasteners", body, key=None)
    return answer.status, json.loads(answer.body)


def test_from_row_to_answer_over_a_kill_to_the_end(supervisor, version):
    deployment = deploy(version)
    tick_until(supervisor, lambda: state_of(deployment) == "Succeeded")
    instance = deployment.instances.get()
    assert (instance.state, instance.generation, instance.node) == ("healthy", 1, supervisor.node)
    status, answer = score()
    assert status == 200
    assert answer[0]["labels"] == LABELS
    assert sum(answer[0]["probs"]) == pytest.approx(1, abs=1e-3)

    killed = instance.pid
    os.kill(killed, signal.SIGKILL)
    tick_until(supervisor, lambda: DeploymentInstance.objects.get().pid not in (killed, None))
    assert state_of(deployment) == "Succeeded"
    tick_until(supervisor, lambda: DeploymentInstance.objects.get().state == "healthy")
    assert DeploymentInstance.objects.get().restarts == 1
    assert score()[0] == 200
    assert "instance 0 (healthy)" in selectors.get_logs(deployment)

    changed = services.restart_deployment(deployment)
    tick_until(supervisor, lambda: DeploymentInstance.objects.get().generation == 2)
    assert score()[0] == 200
    assert state_of(changed) == "Succeeded"

    pid = DeploymentInstance.objects.get().pid
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    services.delete_endpoint(deployment.endpoint)
    tick_until(supervisor, lambda: not any(process.is_running() and process.status() != "zombie" for process in family))


def test_a_broken_model_ends_in_failed_with_its_log(supervisor, storage, monkeypatch):
    monkeypatch.setattr(slot, "MOST_FAILED_STARTS", 2)
    store.write_bytes("models/broken/1/mlflow-model/MLmodel", b"nothing\n")
    deployment = deploy(make_version("broken", storage_key="models/broken/1/mlflow-model"))
    tick_until(supervisor, lambda: state_of(deployment) == "Failed")
    deployment.refresh_from_db()
    assert "exited with code" in deployment.error["message"]
    assert deployment.error["log"]
    assert deployment.instances.get().state == "failed"


def test_a_probe_reads_no_certificates(upstream, monkeypatch):
    """Each server is asked every second, and they take 25 ms of a processor."""
    monkeypatch.setattr(ssl, "create_default_context", lambda *_, **__: pytest.fail("they were read"))
    host, port = upstream.removeprefix("http://").split(":")
    assert server._is_up(host, int(port), 5)
    assert not server._is_up(host, free_port(), 5)


ORPHAN = """
import sys, time
from pathlib import Path
from endpoints.supervision.server import ModelServer, ServerSpec
model, log, root = sys.argv[1:]
server = ModelServer(ServerSpec(1, Path(model), "127.0.0.1", 5000, Path(log), Path(root)))
print(server.pid, flush=True)
time.sleep(600)
"""


def test_no_server_outlives_its_agent(model_folder, tmp_path):
    log = tmp_path / "log"
    agent = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, str(model_folder), str(log), str(ROOT)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    served = psutil.Process(int(agent.stdout.readline()))
    wait_for(lambda: len(served.children(recursive=True)) >= 2, READY_WITHIN)
    family = [served, *served.children(recursive=True)]
    agent.kill()
    agent.wait()
    wait_for(lambda: not any(process.is_running() and process.status() != "zombie" for process in family), 40)
