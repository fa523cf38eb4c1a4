"""The main job, step by step, over REST alone: upload, train, register, deploy, score, explain."""

from __future__ import annotations

import base64
import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.demo.client import Client
from vision.data.sample import write_sample
from vision.errors import DarkroomError

DATASET, MODEL, ENDPOINT = "fasteners-demo", "fasteners-demo", "fasteners-demo"
Say = Callable[[str], None]


def run_demo(client: Client, say: Say, *, architecture: str = "mobilenetv2", epochs: int = 15) -> dict[str, Any]:
    """Take the rendered sample from a zip to an explained prediction; returns the names and figures."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "fasteners.zip"
        say("Rendering the sample: screws, nuts and washers on a conveyor")
        write_sample("image_classification", archive)
        dataset = upload(client, say, archive)
        image_name, image = first_image(archive)
    job = train(client, say, dataset, architecture, epochs)
    model = register(client, say, job)
    endpoint = deploy(client, say, model)
    answer = score(client, say, endpoint, image_name, image)
    return {"dataset": dataset, "job": job, "model": model, "endpoint": endpoint, "answer": answer}


def upload(client: Client, say: Say, archive: Path) -> dict[str, Any]:
    made = client.upload("/datasets", archive, name=DATASET)
    path = f"/datasets/{made['name']}/versions/{made['version']}"
    dataset: dict[str, Any] = client.wait(path, lambda d: d["status"] != "importing", lambda d: None, limit=300)
    if dataset["status"] != "ready":
        raise DarkroomError(f"The sample was not imported: {json.dumps(dataset['report'])[:500]}")
    say(f"Dataset {dataset['name']}:{dataset['version']}, {dataset['images']} images, labels {_labels(dataset)}")
    say(f"    {client.page('/datasets/' + dataset['name'] + '/')}")
    return dataset


def train(client: Client, say: Say, dataset: dict[str, Any], architecture: str, epochs: int) -> dict[str, Any]:
    document = {
        "type": "automl",
        "task": "image_classification",
        "primary_metric": "accuracy",
        "target_column_name": "label",
        "training_data": {"type": "mltable", "path": f"azureml:{dataset['name']}:{dataset['version']}"},
        "limits": {"max_trials": 1, "timeout_minutes": 30},
        # from scratch: the sample needs no download, and its shapes are learnt in a few epochs
        "training_parameters": {
            "model_name": architecture,
            "pretrained": "none",
            "number_of_epochs": epochs,
            "training_crop_size": 96,
            "validation_crop_size": 96,
            "validation_resize_size": 104,
            "training_batch_size": 16,
            "optimizer": "adamw",
            "learning_rate": 0.002,
            "random_seed": 7,
        },
    }
    name = client.post("/jobs", document)["name"]
    say(f"Job {name}: {architecture} from scratch, trial {name}_HD_0")
    say(f"    {client.page(f'/jobs/{name}/')}")
    say(f"    {client.page(f'/jobs/{name}/trials/0/')}")
    seen: set[int] = set()

    def tell(trial: dict[str, Any]) -> None:
        if trial["epochs"] not in seen and trial["primary_metric"] is not None:
            seen.add(trial["epochs"])
            say(f"    epoch {trial['epochs']}: best accuracy {trial['primary_metric']:.3f}")

    ended = ("Completed", "StoppedEarly", "Failed", "Canceled")
    trial = client.wait(f"/jobs/{name}/trials/0", lambda t: t["status"] in ended, tell, limit=1800)
    if trial["status"] not in ("Completed", "StoppedEarly"):
        raise DarkroomError(f"The trial ended as {trial['status']}: {trial['error']}")
    job: dict[str, Any] = client.wait(f"/jobs/{name}", lambda j: j["status"] in ended, lambda j: None, limit=60)
    say(f"    {job['status']}: accuracy {trial['primary_metric']:.3f}")
    return job


def register(client: Client, say: Say, job: dict[str, Any]) -> dict[str, Any]:
    trial = job["best_trial"]["name"]
    path = f"azureml://jobs/{trial}/outputs/artifacts/outputs/mlflow-model/"
    model: dict[str, Any] = client.post("/models", {"name": MODEL, "path": path, "type": "mlflow_model"})
    say(f"Model {model['name']}:{model['version']}")
    say(f"    {client.page('/models/{name}/versions/{version}/'.format(**model))}")
    return model


def deploy(client: Client, say: Say, model: dict[str, Any]) -> dict[str, Any]:
    name = _free_endpoint_name(client)
    endpoint: dict[str, Any] = client.post("/online-endpoints", {"name": name, "auth_mode": "key"})
    document = {"name": "blue", "endpoint_name": name, "model": f"azureml:{model['name']}:{model['version']}"}
    client.post(f"/online-endpoints/{name}/deployments?all_traffic=true", document)
    state = client.wait(
        f"/online-endpoints/{name}/deployments/blue",
        lambda d: d["provisioning_state"] in ("Succeeded", "Failed"),
        lambda d: None,
        limit=300,
    )
    if state["provisioning_state"] == "Failed":
        raise DarkroomError(f"The deployment failed: {state.get('error')}")
    say(f"Endpoint {name}, deployment blue: healthy")
    say(f"    {client.page(f'/endpoints/{name}/')}")
    return endpoint


def score(client: Client, say: Say, endpoint: dict[str, Any], image_name: str, image: bytes) -> dict[str, Any]:
    item = json.dumps(
        {
            "image_base64": base64.encodebytes(image).decode(),
            "model_explainability": True,
            "xai_parameters": {"xai_algorithm": "xrai", "visualizations": True, "attributions": False},
        }
    )
    answer: dict[str, Any] = client.post(
        f"/endpoints/{endpoint['name']}/score",
        {"input_data": {"columns": ["image"], "index": [0], "data": [item]}},
    )[0]
    best = max(range(len(answer["probs"])), key=answer["probs"].__getitem__)
    say(f"Scored {image_name}: {answer['labels'][best]} {answer['probs'][best]:.3f}, with an XRAI heat map")
    say(f"    {client.page('/endpoints/{name}/test/'.format(**endpoint))}")
    return answer


def first_image(archive: Path) -> tuple[str, bytes]:
    """An image of the validation split, the part the model has not learnt from."""
    with zipfile.ZipFile(archive) as file:
        name = next(n for n in file.namelist() if n.endswith("validation_annotations.jsonl"))
        wanted = json.loads(file.read(name).splitlines()[0])["image_url"].lstrip("./")
        member = next(n for n in file.namelist() if n.endswith(wanted))
        return member, file.read(member)


def _free_endpoint_name(client: Client) -> str:
    taken = {item["name"] for item in client.get("/online-endpoints")["items"]}
    return next(n for n in [ENDPOINT, *(f"{ENDPOINT}-{i}" for i in range(2, 1000))] if n not in taken)


def _labels(dataset: dict[str, Any]) -> str:
    labels = dataset["labels"]
    names = [label["name"] if isinstance(label, dict) else str(label) for label in labels]
    return ", ".join(names)
