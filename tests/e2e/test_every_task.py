"""Each task type from its sample to an answer of its endpoint, over REST, in one whole Darkroom."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.demo.client import Client
from studio.demo.steps import deploy, first_image
from tests.running import Running, start_darkroom
from tests.studio.test_tree import wait_until_empty
from vision.data.sample import write_sample

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ENDED = ("Completed", "StoppedEarly", "Failed", "Canceled")
COMMON = {
    "number_of_epochs": 1,
    "pretrained": "none",
    "number_of_workers": 0,
    "mixed_precision": "off",
    "random_seed": 7,
}
SMALL = {"min_size": 64, "max_size": 96, "training_batch_size": 4, "validation_batch_size": 4, "proposals": "reduced"}
TASKS = {
    "image_classification_multilabel": (
        "iou",
        {
            "model_name": "mobilenetv2",
            "training_crop_size": 64,
            "validation_crop_size": 64,
            "validation_resize_size": 72,
        },
    ),
    "image_object_detection": (
        "mean_average_precision",
        {"model_name": "yolov5", "model_size": "nano", "image_size": 96},
    ),
    "image_instance_segmentation": ("mean_average_precision", {"model_name": "maskrcnn_resnet18_fpn", **SMALL}),
}


@pytest.fixture(scope="module")
def darkroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = start_darkroom(tmp_path_factory.mktemp("every-task") / "a home", STUDIO_GPUS="none")
    try:
        yield running
    finally:
        running.stop()
    assert wait_until_empty(running.home) == []


@pytest.mark.parametrize("task", TASKS)
def test_from_the_sample_to_an_answer(darkroom: Running, tmp_path: Path, task: str) -> None:
    client = Client(darkroom.url, darkroom.token)
    metric, parameters = TASKS[task]
    name = task.replace("_", "-").removeprefix("image-")
    archive = tmp_path / "sample.zip"
    write_sample(task, archive, images=20)
    client.upload("/datasets", archive, name=name)
    version = client.wait(
        f"/datasets/{name}/versions/1", lambda d: d["status"] != "importing", lambda d: None, limit=180
    )
    assert (version["status"], version["task"]) == ("ready", task)
    trial = run(client, name, task, metric, COMMON | parameters)
    evaluation = client.get(f"/jobs/{trial['job']}/trials/0/evaluation")
    assert evaluation["task_type"] == task
    assert evaluation["metrics"][metric] == trial["primary_metric"]
    path = f"azureml://jobs/{trial['name']}/outputs/artifacts/outputs/mlflow-model/"
    model = client.post("/models", {"name": name, "path": path, "type": "mlflow_model"})
    check_answer(task, score(client, model, first_image(archive)[1]), version["labels"])


def run(client: Client, dataset: str, task: str, metric: str, parameters: dict[str, Any]) -> dict[str, Any]:
    document = {
        "type": "automl",
        "task": task,
        "primary_metric": metric,
        "target_column_name": "label",
        "training_data": {"type": "mltable", "path": f"azureml:{dataset}:1"},
        "limits": {"timeout_minutes": 30},
        "training_parameters": parameters,
    }
    job = client.post("/jobs", document)["name"]
    trial = client.wait(f"/jobs/{job}/trials/0", lambda t: t["status"] in ENDED, lambda t: None, limit=600)
    assert trial["status"] == "Completed", trial["error"]
    return trial | {"job": job}


def score(client: Client, model: dict[str, Any], image: bytes) -> list[dict[str, Any]]:
    endpoint = deploy(client, lambda line: None, model)
    request = {"input_data": {"columns": ["image"], "data": [base64.encodebytes(image).decode()]}}
    answer: list[dict[str, Any]] = client.post(f"/endpoints/{endpoint['name']}/score", request)
    return answer


def check_answer(task: str, answer: list[dict[str, Any]], labels: list[Any]) -> None:
    (element,) = answer
    names = {label["name"] if isinstance(label, dict) else label for label in labels}
    if task == "image_classification_multilabel":
        assert set(element["labels"]) == names
        assert all(0 <= value <= 1 for value in element["probs"])
        return
    assert set(element) == {"boxes"}
    for found in element["boxes"]:
        assert found["label"] in names
        assert 0 <= found["score"] <= 1
        box = found["box"]
        assert 0 <= box["topX"] < box["bottomX"] <= 1
        assert 0 <= box["topY"] < box["bottomY"] <= 1
        assert ("polygon" in found) == (task == "image_instance_segmentation")
