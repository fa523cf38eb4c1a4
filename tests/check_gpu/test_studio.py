"""A whole Darkroom on a machine with a GPU: its trials train there, its endpoints answer and explain from there."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from studio.demo.client import Client
from studio.demo.steps import first_image, run_demo
from tests.documents import ENDED, make_job_document
from tests.processes import processes_of, wait_for
from tests.running import Running, whole_darkroom
from vision.catalog.explainers import EXPLAINERS
from vision.data.sample import write_sample

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(600)]
GB = 10**9


@pytest.fixture(scope="module")
def darkroom(tmp_path_factory) -> Iterator[Running]:
    with whole_darkroom(tmp_path_factory.mktemp("darkroom") / "a home") as running:
        yield running


@pytest.fixture(scope="module")
def client(darkroom: Running) -> Client:
    return Client(darkroom.url, darkroom.token)


@pytest.fixture(scope="module")
def finished(client: Client) -> dict[str, Any]:
    """What came of a demo run."""
    lines: list[str] = []
    return run_demo(client, lines.append, epochs=6)


def read_log(client: Client, job: str) -> str:
    return client.get(f"/jobs/{job}/trials/0/logs")["text"]


def test_machine_shows_its_gpu(client: Client) -> None:
    machine = wait_for(lambda: client.get("/compute")["nodes"], 30)[0]
    assert machine["gpus"][0]["name"] == torch.cuda.get_device_name(0)
    wait_for(lambda: any(worker["slot"] == "gpu:0" and worker["alive"] for worker in list_workers(client)), 30)


def list_workers(client: Client) -> list[dict[str, Any]]:
    return client.get("/compute")["nodes"][0]["workers"]


def test_trial_trains_there(finished: dict[str, Any], client: Client) -> None:
    trial = client.get(f"/jobs/{finished['job']['name']}/trials/0")
    assert trial["slot"] == "gpu:0"
    assert trial["primary_metric"] >= 0.6


def test_endpoint_answers_and_explains_from_there(finished: dict[str, Any], client: Client, tmp_path: Path) -> None:
    name = finished["endpoint"]["name"]
    wait_for(lambda: "warm on cuda" in client.get(f"/online-endpoints/{name}/deployments/blue/logs")["content"])
    write_sample("image_classification", tmp_path / "sample.zip", images=40)
    image = base64.b64encode(first_image(tmp_path / "sample.zip")[1]).decode()
    for algorithm in EXPLAINERS:
        parameters = {"xai_algorithm": algorithm.name, "visualizations": True, "attributions": True}
        item = {"image_base64": image, "model_explainability": True, "xai_parameters": parameters}
        request = {"input_data": {"columns": ["image"], "index": [0], "data": [json.dumps(item)]}}
        answer = client.post(f"/endpoints/{name}/score", request)[0]
        assert np.shape(answer["attributions"]) == (3, 96, 96), algorithm.name
        assert np.ptp(answer["attributions"]) > 0, algorithm.name


def submit(client: Client, dataset: dict[str, Any], **parameters: Any) -> str:
    settings = {"model_name": "resnet18", "pretrained": "none", "random_seed": 7, **parameters}
    document = make_job_document(
        "image_classification", "accuracy", f"{dataset['name']}:{dataset['version']}", settings
    )
    return client.post("/jobs", document)["name"]


def wait_until_ended(client: Client, job: str) -> dict[str, Any]:
    trial = client.wait(f"/jobs/{job}/trials/0", lambda t: t["status"] in ENDED, lambda t: None, limit=300)
    assert trial["status"] == "Completed", trial["error"]
    return trial


def test_a_batch_too_large_for_the_gpu_is_halved(finished: dict[str, Any], client: Client, gpu: torch.device) -> None:
    """Something else has most of the GPU's memory."""
    free, _ = torch.cuda.mem_get_info(gpu)
    taken = torch.empty(int(free - 5 * GB), dtype=torch.uint8, device=gpu)
    batch = 192
    job = submit(
        client,
        finished["dataset"],
        training_batch_size=batch,
        training_crop_size=384,
        validation_batch_size=16,
        number_of_epochs=1,
        mixed_precision="off",
    )
    trial = wait_until_ended(client, job)
    del taken
    torch.cuda.empty_cache()
    assert {note["code"] for note in trial["notes"]} == {"smaller_batch"}
    assert trial["params"]["training_batch_size"] < batch
    assert trial["params"]["training_batch_size"] * trial["params"]["gradient_accumulation_step"] >= batch


def test_a_killed_training_goes_on_there(finished: dict[str, Any], client: Client, darkroom: Running) -> None:
    job = submit(client, finished["dataset"], number_of_epochs=40, training_crop_size=160, early_stopping=False)
    address = f"/jobs/{job}/trials/0"
    client.wait(address, lambda t: t["epochs"] >= 2, lambda t: None, limit=120)
    find_training(darkroom)[0].kill()
    trial = wait_until_ended(client, job)
    assert (trial["epochs"], trial["attempts"]) == (40, 2)
    assert "from the checkpoint of epoch" in read_log(client, job)


def find_training(darkroom: Running) -> list[psutil.Process]:
    return [process for process in processes_of(darkroom.home) if "vision.training" in process.cmdline()]
