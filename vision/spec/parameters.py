"""The one table of hyperparameters: forms, documents, the API schema and the reference page are drawn from it."""

from __future__ import annotations

from typing import Any

from vision.catalog.architectures import list_architectures
from vision.catalog.task_types import TASK_TYPES
from vision.registry import Registry
from vision.spec.augmentation_parameters import AUGMENTATION_PARAMETERS
from vision.spec.classification_parameters import CLASSIFICATION_PARAMETERS
from vision.spec.defaults import network_defaults
from vision.spec.detection_parameters import DETECTION_PARAMETERS
from vision.spec.model_names import find_architecture
from vision.spec.parameter import Parameter, parse_value
from vision.spec.segmentation_parameters import SEGMENTATION_PARAMETERS
from vision.spec.training_parameters import TRAINING_PARAMETERS

__all__ = [
    "PARAMETERS",
    "Parameter",
    "canonical_name",
    "documented_default",
    "fits",
    "list_parameters",
    "list_task_parameters",
    "parse_value",
]

PARAMETERS: Registry[Parameter] = Registry(
    "parameter",
    [
        *TRAINING_PARAMETERS,
        *CLASSIFICATION_PARAMETERS,
        *DETECTION_PARAMETERS,
        *SEGMENTATION_PARAMETERS,
        *AUGMENTATION_PARAMETERS,
    ],
)

_CANONICAL = {spelling: entry.name for entry in PARAMETERS for spelling in (entry.name, *entry.aliases)}
_CROPS = ("training_crop_size", "validation_crop_size")


def canonical_name(spelling: str) -> str | None:
    """The one name under which a parameter is stored, whichever of its spellings is given; None: no such parameter."""
    return _CANONICAL.get(spelling)


def fits(parameter: Parameter, task_type: str, family: str) -> bool:
    """Whether training a network of this family for this task type obeys the parameter."""
    return task_type in parameter.task_types and (parameter.families is None or family in parameter.families)


def list_parameters(task_type: str, architecture: str) -> list[Parameter]:
    """The parameters that training this architecture for this task type obeys, in the order of the table."""
    family = find_architecture(architecture, task_type).family
    return [entry for entry in PARAMETERS if fits(entry, task_type, family)]


def list_task_parameters(task_type: str) -> list[Parameter]:
    """The parameters that some architecture of this task type obeys, in the order of the table."""
    families = {info.family for info in list_architectures(task_type)}
    return [entry for entry in PARAMETERS if any(fits(entry, task_type, family) for family in families)]


def documented_default(name: str, architecture: str, task_type: str) -> Any:
    """The published default of a parameter for an architecture (SPEC §4); None where it is left off by default."""
    if name == "model_name":
        return TASK_TYPES.get(task_type).default_architecture
    if name == "metric_for_best_model":
        return TASK_TYPES.get(task_type).primary_metric
    info = find_architecture(architecture, task_type)
    if name in _CROPS and info.square_crop is not None:
        return info.square_crop
    try:
        return network_defaults(info).value(name, task_type)
    except KeyError:
        return _common_default(name, info.square_crop)


def _common_default(name: str, square_crop: int | None) -> Any:
    default = PARAMETERS.get(name).default
    if name == "validation_resize_size" and square_crop is not None:
        return round(square_crop * default / PARAMETERS.get("validation_crop_size").default)
    return default
