"""The one table of hyperparameters: forms, documents, the API schema and the reference page are drawn from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.task_types import TASK_TYPES
from vision.registry import Registry
from vision.spec.classification_parameters import CLASSIFICATION_PARAMETERS
from vision.spec.parameter import Parameter, parse_value
from vision.spec.training_parameters import TRAINING_PARAMETERS

__all__ = [
    "PARAMETERS",
    "Parameter",
    "canonical_name",
    "documented_default",
    "list_parameters",
    "parse_value",
]

PARAMETERS: Registry[Parameter] = Registry("parameter", [*TRAINING_PARAMETERS, *CLASSIFICATION_PARAMETERS])

_CANONICAL = {spelling: entry.name for entry in PARAMETERS for spelling in (entry.name, *entry.aliases)}


@dataclass(frozen=True)
class _Defaults:
    """What SPEC §4.5 publishes for an architecture. `batch_size` is the largest that fits 12 GiB of GPU memory."""

    batch_size: int
    learning_rate: float


_CLASSIFICATION_DEFAULTS = {
    "mobilenetv2": _Defaults(78, 0.01),
    "resnet18": _Defaults(78, 0.01),
    "vits16r224": _Defaults(128, 0.0125),
}


def canonical_name(spelling: str) -> str | None:
    """The one name under which a parameter is stored, whichever of its spellings is given; None: no such parameter."""
    return _CANONICAL.get(spelling)


def list_parameters(task_type: str, architecture: str) -> list[Parameter]:
    """The parameters that training this architecture for this task type obeys, in the order of the table."""
    family = ARCHITECTURES.get(architecture).family
    return [
        entry
        for entry in PARAMETERS
        if task_type in entry.task_types and (entry.families is None or family in entry.families)
    ]


def documented_default(name: str, architecture: str, task_type: str) -> Any:
    """The published default of a parameter for an architecture (SPEC §4); None where it is left off by default."""
    if name == "model_name":
        return TASK_TYPES.get(task_type).default_architecture
    defaults = _CLASSIFICATION_DEFAULTS[ARCHITECTURES.get(architecture).name]
    if name in ("training_batch_size", "validation_batch_size"):
        return defaults.batch_size
    if name == "learning_rate":
        return defaults.learning_rate
    return PARAMETERS.get(name).default
