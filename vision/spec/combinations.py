"""What parameters cannot be together, or not with this architecture. What is not set counts as its default."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vision.catalog.architectures import ArchitectureInfo, list_architectures
from vision.catalog.task_types import CLASSIFICATION_TASKS
from vision.errors import Detail
from vision.spec.augmentations import DETECTION_SETTINGS, choose_augmentations, list_switches
from vision.spec.best_metrics import explain_metric
from vision.spec.model_names import find_architecture
from vision.spec.parameters import PARAMETERS, Parameter, documented_default, fits

_SIZES = ("image_size", "min_size", "training_crop_size")  # how large the network's images are, one a family
_SIZE_NAMES = (*_SIZES, "max_size", "validation_crop_size", "validation_resize_size")


def check_combination(task_type: str, values: Mapping[str, Any], path: str) -> list[Detail]:
    """What is wrong with canonical `values` together; each problem under `path`."""
    problems = [
        *_check_crops(task_type, values, path),
        *_check_betas(values, path),
        *_check_sides(values, path),
        *_check_flags(task_type, values, path),
        *_check_task(task_type, values, path),
        *_check_metric(task_type, values, path),
    ]
    name = values.get("model_name")
    if name is None:
        return [*problems, *_check_switches(task_type, None, values, path)]
    info = find_architecture(name, task_type)
    if task_type not in info.task_types:
        known = ", ".join(entry.name for entry in list_architectures(task_type))
        message = f"{name} does not train {task_type}; {known} do."
        return [*problems, Detail(message, path=f"{path}.model_name")]
    return [
        *problems,
        *_check_family(task_type, name, info, values, path),
        *_check_square(name, info, values, path),
        *_check_frozen(name, info, values, path),
        *_check_switches(task_type, info, values, path),
    ]


def _check_task(task_type: str, values: Mapping[str, Any], path: str) -> list[Detail]:
    return [
        Detail(
            f"{entry.name} belongs to {_join(entry.task_types)}, not to {task_type}.",
            code="wrong_task",
            path=f"{path}.{entry.name}",
        )
        for entry in map(PARAMETERS.get, values)
        if task_type not in entry.task_types
    ]


def _check_family(
    task_type: str, name: str, info: ArchitectureInfo, values: Mapping[str, Any], path: str
) -> list[Detail]:
    return [
        Detail(
            f"{entry.name} belongs to {_families(entry, task_type)}{_suggest(entry, task_type, name, info)}",
            code="wrong_architecture",
            path=f"{path}.{entry.name}",
        )
        for entry in map(PARAMETERS.get, values)
        if task_type in entry.task_types and not fits(entry, task_type, info.family)
    ]


def _families(entry: Parameter, task_type: str) -> str:
    trained = dict.fromkeys(info.family for info in list_architectures(task_type))
    return _join([family for family in trained if family in (entry.families or ())] or list(entry.families or ()))


def _suggest(entry: Parameter, task_type: str, name: str, info: ArchitectureInfo) -> str:
    if entry.name in _SIZE_NAMES:
        taken = [size for size in _SIZES if fits(PARAMETERS.get(size), task_type, info.family)]
        return f"; {name} takes {_join(taken)}."
    return f", not to {name}."


def _check_crops(task_type: str, values: Mapping[str, Any], path: str) -> list[Detail]:
    crop, resize = values.get("validation_crop_size"), values.get("validation_resize_size")
    if resize is None:  # left open, it follows the crop
        return []
    network = values.get("model_name") or documented_default("model_name", "", task_type)
    crop = crop or documented_default("validation_crop_size", network, task_type)
    if crop <= resize:
        return []
    message = f"The crop of {crop} px is cut from the image resized to {resize} px: it cannot be larger."
    name = "validation_crop_size" if "validation_crop_size" in values else "validation_resize_size"
    return [Detail(message, path=f"{path}.{name}")]


def _check_sides(values: Mapping[str, Any], path: str) -> list[Detail]:
    shorter, longest = (values.get(name, PARAMETERS.get(name).default) for name in ("min_size", "max_size"))
    if shorter <= longest:
        return []
    name = "max_size" if "max_size" in values else "min_size"
    message = f"The shorter side of {shorter} px cannot be more than the longest of {longest} px."
    return [Detail(message, path=f"{path}.{name}")]


def _check_betas(values: Mapping[str, Any], path: str) -> list[Detail]:
    return [
        Detail(f"{values['optimizer']} needs a value below 1.", path=f"{path}.{name}")
        for name in ("beta1", "beta2")
        if values.get(name) == 1 and values.get("optimizer") in ("adam", "adamw")
    ]


def _check_metric(task_type: str, values: Mapping[str, Any], path: str) -> list[Detail]:
    problem = explain_metric(task_type, values)
    return [Detail(problem, path=f"{path}.metric_for_best_model")] if problem else []


def _check_flags(task_type: str, values: Mapping[str, Any], path: str) -> list[Detail]:
    if task_type not in CLASSIFICATION_TASKS:
        return []
    given = json.loads(values.get("advanced_settings") or "{}")
    return [
        Detail(
            f"{key} is for object detection and instance segmentation only; augmentations is the setting here.",
            code="wrong_task",
            path=f"{path}.advanced_settings",
        )
        for key in DETECTION_SETTINGS
        if key in given
    ]


def _check_switches(
    task_type: str, info: ArchitectureInfo | None, values: Mapping[str, Any], path: str
) -> list[Detail]:
    known = list_switches(task_type, info.fitting if info else None)
    switches = choose_augmentations({"augmentations": values.get("augmentations")}).switches
    unknown = [name for name in switches if name not in known]
    if not unknown:
        return []
    message = f"There is no change of images named {unknown[0]} here; there is {_join(known)}."
    return [Detail(message, path=f"{path}.augmentations")]


def _check_square(name: str, info: ArchitectureInfo, values: Mapping[str, Any], path: str) -> list[Detail]:
    only = info.square_crop
    return [
        Detail(f"{name} takes {only} px only, not {values[size]}.", path=f"{path}.{size}")
        for size in ("training_crop_size", "validation_crop_size")
        if only is not None and values.get(size, only) != only
    ]


def _check_frozen(name: str, info: ArchitectureInfo, values: Mapping[str, Any], path: str) -> list[Detail]:
    most = info.max_layers_to_freeze
    if values.get("layers_to_freeze", 0) <= most:
        return []
    return [Detail(f"{name} has {most} layers to freeze at most.", path=f"{path}.layers_to_freeze")]


def _join(words: tuple[str, ...] | list[str]) -> str:
    *most, last = [str(word) for word in words]
    return f"{', '.join(most)} and {last}" if most else last
