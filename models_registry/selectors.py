"""Reading registered models: the newest versions, one version, its files, where it came from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.db.models import QuerySet

from datasets import storage
from models_registry.models import ModelVersion
from vision.errors import NotFoundError
from vision.spec.references import parse_model_reference

_RELATED = ("model", "trial__job__training_data__dataset", "trial__job__validation_data__dataset", "created_by")


@dataclass(frozen=True)
class StoredFile:
    """One file of a model version."""

    path: str
    size: int


def list_names() -> list[str]:
    """The names of the models with at least one finished version."""
    return list(list_versions().order_by("model__name").values_list("model__name", flat=True).distinct())


def count_versions() -> dict[str, int]:
    """How many finished versions each name has."""
    return dict(Counter(list_versions().values_list("model__name", flat=True)))


def list_versions(name: str | None = None) -> QuerySet[ModelVersion]:
    """Finished versions, newest first; of one model or of all."""
    versions = ModelVersion.objects.exclude(storage_key="").select_related(*_RELATED).order_by("-created_at", "-number")
    return versions.filter(model__name=name) if name is not None else versions


def list_latest_versions() -> list[ModelVersion]:
    """The newest finished version of every model, the last registered first."""
    newest: dict[int, ModelVersion] = {}
    for version in list_versions().order_by("-number"):
        newest.setdefault(version.model_id, version)
    return sorted(newest.values(), key=lambda version: version.created_at, reverse=True)


def get_version(name: str, number: int | str | None = None) -> ModelVersion:
    """One version; no number or `latest` means the newest.

    Raises:
        NotFoundError: no such model or version; the hint lists what there is.
    """
    versions = list_versions(name)
    numbers = sorted(versions.values_list("number", flat=True))
    if not numbers:
        raise NotFoundError(f"There is no model named {name!r}.", hint="See the Models page for the registered ones.")
    wanted = str(numbers[-1] if number in (None, "", "latest") else number)
    found = versions.filter(number=int(wanted)).first() if wanted.isdecimal() else None
    if found is None:
        known = ", ".join(map(str, numbers[-20:]))
        raise NotFoundError(f"Model {name!r} has no version {wanted!r}.", hint=f"Its versions: {known}.")
    return found


def get_referenced_version(reference: str) -> ModelVersion:
    """The version named by `azureml:<name>:<version>` or `azureml:<name>@latest`."""
    parsed = parse_model_reference(reference)
    return get_version(parsed.name, parsed.version)


def list_files(version: ModelVersion) -> list[StoredFile]:
    """The files of the MLflow model, sorted by path."""
    key = version.storage_key
    return [StoredFile(path, storage.size(f"{key}/{path}")) for path in storage.list_files(key)]


def open_file(version: ModelVersion, path: str) -> IO[bytes]:
    """One file of the MLflow model.

    Raises:
        NotFoundError: no such file in this version.
    """
    if path not in storage.list_files(version.storage_key):
        raise NotFoundError(f"{version} has no file {path!r}.", hint="The files tab lists what there is.")
    return storage.open_read(f"{version.storage_key}/{path}")


def local_folder(version: ModelVersion, cache: Path) -> Path:
    """The MLflow model on this machine: in place where storage is local, else fetched below `cache` once."""
    return storage.fetch_folder(version.storage_key, cache / version.model.name / str(version.number))


def suggest_name(trial_name: str) -> str:
    """A model name for a trial: its job's, in the characters a model name may have."""
    job = trial_name.rsplit("_HD_", 1)[0]
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in job)[:80].strip("-_.") or "model"


def version_to_dict(version: ModelVersion) -> dict[str, Any]:
    """The version in its REST shape."""
    return {
        "name": version.model.name,
        "version": version.version,
        "type": version.type,
        "reference": version.reference,
        "task": version.task_type,
        "architecture": version.architecture,
        "labels": version.label_names,
        "metrics": version.metrics,
        "settings": version.settings,
        "size_bytes": version.size_bytes,
        "description": version.description,
        "tags": version.tags,
        "created_at": version.created_at.isoformat(),
        "lineage": lineage_to_dict(version),
    }


def lineage_to_dict(version: ModelVersion) -> dict[str, Any]:
    """Where the version came from and where it serves."""
    trial = version.trial
    deployments = version.deployments.select_related("endpoint")
    return {
        "dataset": trial.job.training_data.reference if trial else None,
        "job": trial.job.name if trial else None,
        "trial": trial.name if trial else None,
        "deployments": [{"endpoint": d.endpoint.name, "deployment": d.name} for d in deployments],
    }
