"""Rows and files that the tests of models and endpoints start from."""

from __future__ import annotations

import json
from uuid import uuid4

from datasets import storage
from datasets.models import Dataset, DatasetVersion
from jobs.models import Job, Trial
from jobs.models.status import Status
from models_registry.models import ModelVersion, RegisteredModel

LABELS = ["nut", "screw", "washer"]
SETTINGS = {"train_crop_size": 64, "valid_resize_size": 72, "valid_crop_size": 64}
MODEL_FILES = {
    "MLmodel": b"flavors: {}\n",
    "model.py": b"# the model\n",
    "artifacts/model.safetensors": b"weights" * 1000,
    "artifacts/model.json": json.dumps({"label_names": LABELS}).encode(),
    "artifacts/settings.json": json.dumps(SETTINGS).encode(),
}


def make_dataset_version(name: str = "fasteners") -> DatasetVersion:
    dataset, _ = Dataset.objects.get_or_create(name=name)
    return DatasetVersion.objects.create(
        dataset=dataset,
        number=dataset.versions.count() + 1,
        status=DatasetVersion.Status.READY,
        task_type="image_classification",
        image_count=300,
        label_names=LABELS,
    )


def make_trial(job_name: str = "quiet-lamp", *, finished: bool = True, architecture: str = "mobilenetv2") -> Trial:
    """A trial of a job of its own; a finished one has an MLflow model in storage and is its job's best."""
    job = Job.objects.create(
        name=job_name,
        task_type="image_classification",
        primary_metric="accuracy",
        spec={},
        training_data=make_dataset_version(f"data-{uuid4().hex[:6]}"),
        status=Status.COMPLETED if finished else Status.RUNNING,
    )
    trial = Trial.objects.create(
        job=job,
        number=0,
        params={"model_name": architecture},
        status=job.status,
        summary={"accuracy": 0.91, "f1_score_macro": None},
    )
    if finished:
        write_model_files(f"trials/{trial.name}/outputs/mlflow-model")
        trial.outputs_key = f"trials/{trial.name}"
        trial.save()
        job.best_trial = trial
        job.save()
    return trial


def write_model_files(key: str) -> None:
    for name, content in MODEL_FILES.items():
        storage.write_bytes(f"{key}/{name}", content)


def make_version(name: str = "fasteners", storage_key: str = "models/none", **fields) -> ModelVersion:
    """A version row alone; give `storage_key` where its files matter."""
    model, _ = RegisteredModel.objects.get_or_create(name=name)
    number = model.versions.count() + 1
    defaults = {
        "task_type": "image_classification",
        "architecture": "mobilenetv2",
        "label_names": LABELS,
        "settings": SETTINGS,
        "metrics": {"accuracy": 0.9},
    }
    return ModelVersion.objects.create(model=model, number=number, storage_key=storage_key, **{**defaults, **fields})
