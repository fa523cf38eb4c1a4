"""The `azureml:` references of the documents: datasets, models and the trials that made them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vision.errors import Detail, InvalidDocumentError

_ASSET = re.compile(r"^(?:azureml:)?(?P<name>[A-Za-z0-9][\w.-]{0,254})(?:[:@](?P<version>latest|[0-9]+))?$")
_TRIAL = re.compile(r"^azureml://jobs/(?P<job>[A-Za-z0-9][\w.-]*?)(?:/outputs/artifacts/outputs/mlflow-model)?/?$")
_NUMBERED = re.compile(r"^(?P<job>.+)_HD_(?P<number>[0-9]+)$")


@dataclass(frozen=True)
class DatasetReference:
    """A dataset version; `version` None means the latest."""

    name: str
    version: int | None

    def __str__(self) -> str:
        return _write(self.name, self.version)


@dataclass(frozen=True)
class ModelReference:
    """A registered model's version; `version` None means the latest."""

    name: str
    version: int | None

    def __str__(self) -> str:
        return _write(self.name, self.version)


@dataclass(frozen=True)
class TrialReference:
    """A trial of a job; `number` None means the job's best one."""

    job: str
    number: int | None


def parse_dataset_reference(reference: str) -> DatasetReference:
    """`azureml:<name>:<version>`, `azureml:<name>@latest` or `azureml:<name>:latest`; the prefix may be left out.

    Raises:
        InvalidDocumentError: it is something else, such as a local folder.
    """
    return DatasetReference(*_parse_asset(reference, "dataset", "Upload the data under Datasets first, then name it"))


def parse_model_reference(reference: str) -> ModelReference:
    """`azureml:<name>:<version>` or `azureml:<name>@latest`.

    Raises:
        InvalidDocumentError: it is something else.
    """
    return ModelReference(*_parse_asset(reference, "model", "Register the model first, then name it"))


def parse_model_path(path: str) -> TrialReference:
    """`azureml://jobs/<job>_HD_<n>/outputs/artifacts/outputs/mlflow-model/`; a job's own name means its best trial.

    Raises:
        InvalidDocumentError: it is something else.
    """
    found = _TRIAL.match(path.strip())
    if found is None:
        raise InvalidDocumentError(
            f"{path!r} is not the path of a trial's model.",
            hint="Write azureml://jobs/<job>_HD_<n>/outputs/artifacts/outputs/mlflow-model/, "
            "or the job's name in place of the trial's for its best one.",
            details=[Detail("Not the path of a trial's model.", path="path")],
        )
    numbered = _NUMBERED.match(found["job"])
    if numbered is None:
        return TrialReference(found["job"], None)
    return TrialReference(numbered["job"], int(numbered["number"]))


def _parse_asset(reference: str, kind: str, advice: str) -> tuple[str, int | None]:
    found = _ASSET.match(reference.strip())
    version = found["version"] if found else None
    if found is None or version == "0":
        raise InvalidDocumentError(
            f"{reference!r} does not name a {kind}.",
            hint=f"{advice} as azureml:<name>:<version> or azureml:<name>@latest.",
            details=[Detail(f"Does not name a {kind}.", code="invalid_reference")],
        )
    return found["name"], None if version in (None, "latest") else int(version)


def _write(name: str, version: int | None) -> str:
    return f"azureml:{name}@latest" if version is None else f"azureml:{name}:{version}"
