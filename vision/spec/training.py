"""`training_parameters` and the subspaces of a search: spellings, ranges, and what fits the architecture."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.task_types import TASK_TYPES
from vision.errors import Detail, InvalidDocumentError
from vision.spec.parameters import PARAMETERS, canonical_name, parse_value

# Azure's names that nothing here obeys (yet): accepting one in silence would train something else than was asked.
_ELSEWHERE = {
    "split_ratio": "Give the share as validation_data_size beside training_data.",
    "checkpoint_run_id": "Training from another run's weights is not offered; leave it out to start from the "
    "published weights.",
    "checkpoint_dataset_id": "Training from another run's weights is not offered; leave it out.",
    "checkpoint_filename": "Training from another run's weights is not offered; leave it out.",
    "enable_onnx_normalization": "No ONNX file is written; leave it out.",
    "augmentations": "Classification's augmentation is fixed; leave it out.",
}
_OTHER_TASKS = {
    *("validation_metric_type", "validation_iou_threshold", "min_size", "max_size", "box_score_threshold"),
    *("box_score_thresh", "nms_iou_threshold", "nms_iou_thresh", "box_nms_thresh", "box_iou_thresh"),
    *("box_detections_per_image", "box_detections_per_img", "tile_grid_size", "tile_overlap_ratio"),
    *("tile_predictions_nms_threshold", "tile_predictions_nms_thresh", "image_size", "img_size", "model_size"),
    *("multi_scale", "mask_pixel_score_threshold", "max_number_of_polygon_points", "export_as_image", "image_type"),
}


def is_described(task_type: str) -> bool:
    """Whether the parameter table holds this task type's hyperparameters."""
    return task_type in TASK_TYPES and TASK_TYPES.get(task_type).is_trainable


def clean_parameters(task_type: str, given: Mapping[str, Any], path: str) -> tuple[dict[str, Any], list[Detail]]:
    """The given values under their canonical names, read as their kinds, and what is wrong with the rest.

    A value of None (or Azure's `none` for schedule and optimizer) means: not set.
    """
    if not is_described(task_type):
        return dict(given), []
    values: dict[str, Any] = {}
    problems: list[Detail] = []
    for spelling, value in ((str(key), value) for key, value in given.items()):
        place = f"{path}.{spelling}"
        name = canonical_name(spelling)
        if name is None:
            problems.append(Detail(_explain_unknown(task_type, spelling), code="unknown_parameter", path=place))
        elif name in values:
            problems.append(Detail(f"{name} is given twice, under two spellings.", path=place))
        elif not _is_unset(name, value):
            try:
                values[name] = parse_value(PARAMETERS.get(name), value, place)
            except InvalidDocumentError as error:
                problems += error.details
    return values, problems + check_combination(task_type, values, path)


def check_combination(task_type: str, values: Mapping[str, Any], path: str) -> list[Detail]:
    """What cannot be together, or not with this architecture. What is not set counts as its documented default."""
    architecture = values.get("model_name")
    problems = _check_crops(values, path) + _check_betas(values, path)
    if architecture is None:
        return problems
    info = ARCHITECTURES.get(architecture)
    if task_type not in info.task_types:
        known = [entry.name for entry in ARCHITECTURES if task_type in entry.task_types]
        message = f"{architecture} does not train {task_type}; {', '.join(known)} do."
        return [*problems, Detail(message, path=f"{path}.model_name")]
    return problems + _check_square(values, path) + _check_frozen(values, path)


def _check_crops(values: Mapping[str, Any], path: str) -> list[Detail]:
    crop, resize = values.get("validation_crop_size"), values.get("validation_resize_size")
    if resize is None:  # left open, it follows the crop
        return []
    crop = crop or PARAMETERS.get("validation_crop_size").default
    if crop <= resize:
        return []
    message = f"The crop of {crop} px is cut from the image resized to {resize} px: it cannot be larger."
    name = "validation_crop_size" if "validation_crop_size" in values else "validation_resize_size"
    return [Detail(message, path=f"{path}.{name}")]


def _check_betas(values: Mapping[str, Any], path: str) -> list[Detail]:
    return [
        Detail(f"{values['optimizer']} needs a value below 1.", path=f"{path}.{name}")
        for name in ("beta1", "beta2")
        if values.get(name) == 1 and values.get("optimizer") in ("adam", "adamw")
    ]


def _check_square(values: Mapping[str, Any], path: str) -> list[Detail]:
    only = ARCHITECTURES.get(values["model_name"]).square_crop
    if only is None:
        return []
    return [
        Detail(f"{values['model_name']} takes {only} px only, not {values[name]}.", path=f"{path}.{name}")
        for name in ("training_crop_size", "validation_crop_size")
        if values.get(name, only) != only
    ]


def _check_frozen(values: Mapping[str, Any], path: str) -> list[Detail]:
    most = ARCHITECTURES.get(values["model_name"]).max_layers_to_freeze
    if values.get("layers_to_freeze", 0) <= most:
        return []
    return [Detail(f"{values['model_name']} has {most} layers to freeze at most.", path=f"{path}.layers_to_freeze")]


def _is_unset(name: str, value: Any) -> bool:
    is_none_word = isinstance(value, str) and value.lower() == "none"
    return value is None or (is_none_word and name in ("optimizer", "learning_rate_scheduler"))


def _explain_unknown(task_type: str, spelling: str) -> str:
    if spelling in _ELSEWHERE:
        return _ELSEWHERE[spelling]
    if spelling in _OTHER_TASKS:
        return f"{spelling} belongs to object detection or instance segmentation, not to {task_type}."
    close = get_close_matches(spelling, PARAMETERS.names(), n=1)
    return f"There is no parameter named {spelling}." + (f" Did you mean {close[0]}?" if close else "")
