"""Registering model versions: a trial's MLflow model becomes an immutable, numbered copy."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from datasets import storage
from jobs.models import Trial
from jobs.selectors import get_job, get_trial
from models_registry.models import ModelVersion, RegisteredModel
from vision.errors import ConflictError, Detail, InvalidDocumentError
from vision.spec.references import parse_model_path
from vision.spec.settings import parse_settings

MODEL_FOLDER = "outputs/mlflow-model"
SETTINGS_FILE = "artifacts/settings.json"
CARD_FILE = "artifacts/model.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def register_model(
    *,
    name: str,
    user: User | None,
    path: str = "",
    trial: Trial | None = None,
    description: str = "",
    tags: Mapping[str, str] | None = None,
) -> ModelVersion:
    """Copy a trial's MLflow model to the next version of `name`.

    `path` is `azureml://jobs/<job>_HD_<n>/outputs/artifacts/outputs/mlflow-model/`, or a job name for its best trial.

    Raises:
        NotFoundError: no such job or trial.
        ConflictError: the trial has no finished model.
        InvalidDocumentError: a name that no model may have.
    """
    _check_name(name)
    source = trial if trial is not None else find_trial(path)
    if not source.outputs_key:
        raise ConflictError(
            f"Trial {source.name} has no model yet; it is {source.get_status_display().lower()}.",
            hint="Wait until the trial is completed, or choose a completed one.",
        )
    version = _reserve_version(
        name,
        task_type=source.job.task_type,
        architecture=source.architecture,
        trial=source,
        metrics=source.summary,
        description=description,
        tags=dict(tags or {}),
        created_by=user,
    )
    return _fill_version(version, f"{source.outputs_key}/{MODEL_FOLDER}", {})


def update_settings(version: ModelVersion, settings: Mapping[str, Any], *, user: User | None) -> ModelVersion:
    """The same weights with other inference settings, as the model's next version.

    Raises:
        InvalidDocumentError: a setting out of its range, or not one of this architecture.
    """
    values = {**version.settings, **settings}
    checked = parse_settings(values, version.architecture, version.settings, version.task_type).model_dump()
    following = _reserve_version(
        version.model.name,
        task_type=version.task_type,
        architecture=version.architecture,
        trial=version.trial,
        metrics=version.metrics,
        description=version.description,
        tags=version.tags,
        created_by=user,
    )
    content = json.dumps(checked, indent=2).encode() + b"\n"
    return _fill_version(following, version.storage_key, {SETTINGS_FILE: content})


def delete_version(version: ModelVersion) -> None:
    """Remove a version and its files.

    Raises:
        ConflictError: a deployment serves it.
    """
    serving = [str(deployment) for deployment in version.deployments.select_related("endpoint")]
    if serving:
        raise ConflictError(
            f"{version} is deployed as {', '.join(serving)}.", hint="Delete those deployments first, then the version."
        )
    key, model = version.storage_key, version.model
    with transaction.atomic():
        version.delete()
        if not model.versions.exists():
            model.delete()
    storage.delete_folder(key.removesuffix("/mlflow-model"))


def find_trial(path: str) -> Trial:
    """The trial a model path leads to; a job alone leads to its best one."""
    reference = parse_model_path(path if "://" in path else f"azureml://jobs/{path}")
    if reference.number is not None:
        return get_trial(reference.job, reference.number)
    job = get_job(reference.job)
    if job.best_trial is None:
        raise ConflictError(f"Job {job.name} has no best trial yet.", hint="Wait until one of its trials is completed.")
    return job.best_trial


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        detail = Detail("letters, digits, '-', '_' and '.', beginning with a letter or digit, at most 100", path="name")
        raise InvalidDocumentError(
            f"{name!r} cannot name a model.", hint="Use for example flowers-classifier.", details=[detail]
        )


def _reserve_version(name: str, **fields: Any) -> ModelVersion:
    # Without storage_key the row is not shown anywhere: it only takes the number while the files are copied.
    with transaction.atomic():
        RegisteredModel.objects.get_or_create(name=name)
        model = RegisteredModel.objects.select_for_update().get(name=name)
        last = model.versions.aggregate(last=Max("number"))["last"] or 0
        return ModelVersion.objects.create(model=model, number=last + 1, storage_key="", **fields)


def _fill_version(version: ModelVersion, source_key: str, replaced: Mapping[str, bytes]) -> ModelVersion:
    key = f"models/{version.model.name}/{version.number}/mlflow-model"
    try:
        version.size_bytes = _copy_folder(source_key, key, replaced)
        version.settings = json.loads(storage.read_bytes(f"{key}/{SETTINGS_FILE}"))
        version.label_names = json.loads(storage.read_bytes(f"{key}/{CARD_FILE}"))["label_names"]
    except BaseException:
        storage.delete_folder(key)
        version.delete()
        raise
    version.storage_key = key
    version.save(update_fields=["size_bytes", "settings", "label_names", "storage_key"])
    return version


def _copy_folder(source: str, target: str, replaced: Mapping[str, bytes]) -> int:
    total = 0
    with tempfile.TemporaryDirectory() as scratch:
        for name in storage.list_files(source):
            if name in replaced:
                storage.write_bytes(f"{target}/{name}", replaced[name])
                total += len(replaced[name])
                continue
            file = storage.fetch_file(f"{source}/{name}", Path(scratch) / name)
            storage.put_file(file, f"{target}/{name}")
            total += file.stat().st_size
    return total
