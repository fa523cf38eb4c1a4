"""The parts of a job document as frozen models (SPEC §1.3)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from vision.catalog.task_types import TASK_TYPES
from vision.errors import InvalidDocumentError
from vision.spec.documents import write_document
from vision.spec.endpoint import TextMap
from vision.spec.references import parse_dataset_reference

DEFAULT_TIMEOUT_MINUTES = 10_080
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_TRIAL_NAME = re.compile(r"_HD_[0-9]+$")


def fold_case(word: Any) -> Any:
    """CamelCase to snake_case, as Azure's SDK folds its enums; `accuracy` and `AUC_weighted` stay."""
    if not isinstance(word, str) or "_" in word:
        return word
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).lower()


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("Use up to 100 letters, digits, hyphens and underscores, starting with a letter or digit.")
    if name == "new":
        raise ValueError("This name is taken by the page for new jobs.")
    if _TRIAL_NAME.search(name):
        raise ValueError("A job's name cannot end like a trial's (_HD_ and a number).")
    return name


def _check_path(path: str) -> str:
    try:
        parse_dataset_reference(path)
    except InvalidDocumentError as error:
        raise ValueError(str(error)) from None
    return path.strip()


def _wrap_path(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


class Model(BaseModel):
    """Base of the parts: immutable, unknown keys are problems."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class DataInput(Model):
    """A dataset version, by reference (`azureml:<name>:<version>`)."""

    path: Annotated[str, AfterValidator(_check_path)]
    type: Literal["mltable"] = "mltable"
    mode: str | None = None


class Limits(Model):
    """How much the whole job may take (SPEC §6.2)."""

    max_trials: int = Field(1, ge=1, le=1000)
    max_concurrent_trials: int = Field(1, ge=1, le=100)
    timeout_minutes: int = Field(DEFAULT_TIMEOUT_MINUTES, ge=1, le=86_400)

    @model_validator(mode="before")
    @classmethod
    def _clamp(cls, values: Any) -> Any:
        """Azure clamps the concurrency to the trials; a limit left empty is not set."""
        if not isinstance(values, dict):
            return values
        values = {key: value for key, value in values.items() if value is not None}
        trials, concurrent = values.get("max_trials", 1), values.get("max_concurrent_trials", 1)
        if isinstance(trials, int) and isinstance(concurrent, int) and 1 <= trials < concurrent <= 100:
            values["max_concurrent_trials"] = trials
        return values


class JobFields(Model):
    """Every key of a job document but the three whose content is checked apart from it."""

    schema_url: str | None = Field(None, alias="$schema")
    type: Literal["automl"]
    task_type: Annotated[str, BeforeValidator(fold_case)] = Field(alias="task")
    name: Annotated[str, AfterValidator(_check_name)] | None = None
    display_name: str = Field("", max_length=200)
    experiment_name: str = Field("", max_length=200)
    description: str = Field("", max_length=10_000)
    tags: TextMap = {}
    properties: TextMap = {}
    compute: str | None = None
    resources: dict[str, Any] | None = None
    identity: dict[str, Any] | None = None
    queue_settings: dict[str, Any] | None = None
    log_verbosity: Literal["not_set", "debug", "info", "warning", "error", "critical"] = "info"
    primary_metric: Annotated[str, BeforeValidator(fold_case)] = ""
    target_column_name: str = Field(min_length=1)
    training_data: Annotated[DataInput, BeforeValidator(_wrap_path)]
    validation_data: Annotated[DataInput | None, BeforeValidator(_wrap_path)] = None
    validation_data_size: float | None = Field(None, gt=0, lt=1)
    limits: Limits = Limits()  # type: ignore[call-arg]
    outputs: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, values: Any) -> Any:
        """A key written with nothing behind it is not set."""
        return (
            {key: value for key, value in values.items() if value is not None} if isinstance(values, dict) else values
        )


class JobSpec(JobFields):
    """A checked job document. `training_parameters` holds canonical names only (`model_name` among them)."""

    training_parameters: dict[str, Any] = {}
    sweep: dict[str, Any] | None = None
    search_space: tuple[dict[str, Any], ...] | None = None

    @property
    def mode(self) -> Literal["single", "sweep", "automode"]:
        """SPEC §6.1: a search space makes a sweep; more than one trial without one is AutoMode."""
        if self.search_space:
            return "sweep"
        return "automode" if self.limits.max_trials > 1 else "single"

    def to_document(self) -> dict[str, Any]:
        """The document again: parsed, it gives an equal spec. What is left at its default is left out."""
        values = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        kept = {key: value for key, value in values.items() if key in _ALWAYS or not _is_default(key, value)}
        return {key: kept[key] for key in _ORDER if key in kept}

    def to_yaml(self) -> str:
        """The document as YAML, in a reader's order."""
        return write_document(self.to_document())


_ORDER = (
    *("$schema", "type", "name", "display_name", "experiment_name", "description", "tags", "properties", "compute"),
    *("resources", "identity", "queue_settings", "log_verbosity", "task", "primary_metric", "target_column_name"),
    *("training_data", "validation_data", "validation_data_size", "limits", "training_parameters", "sweep"),
    *("search_space", "outputs"),
)
_ALWAYS = ("type", "task", "primary_metric", "target_column_name", "training_data", "limits")
_DEFAULTS: dict[str, Any] = {"log_verbosity": "info"}


def _is_default(key: str, value: Any) -> bool:
    return value == _DEFAULTS[key] if key in _DEFAULTS else value in ("", {}, [])


def check_primary_metric(task_type: str, metric: str) -> str | None:
    """What is wrong with the metric, in words; None when it is the task's."""
    if task_type not in TASK_TYPES:
        return None
    expected = TASK_TYPES.get(task_type).primary_metric
    return None if metric in ("", expected) else f"Must be {expected} for {task_type}, not {metric!r}."


def order_document(document: dict[str, Any]) -> dict[str, Any]:
    """The same document, its known keys in the order a reader expects."""
    ordered = {key: document[key] for key in _ORDER if key in document}
    return {**ordered, **document}
