from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.task_types import TaskType
from vision.errors import InvalidDocumentError, NotFoundError
from vision.spec.parameters import (
    PARAMETERS,
    Parameter,
    canonical_name,
    documented_default,
    list_parameters,
    parse_value,
)

EVERY = list(PARAMETERS)
ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


@pytest.mark.parametrize("parameter", EVERY, ids=lambda entry: entry.name)
def test_each_entry_says_what_it_is(parameter: Parameter) -> None:
    assert parameter.title
    assert parameter.help.endswith(".")
    assert parameter.group
    assert bool(parameter.choices) == (parameter.kind == "choice")
    assert len(parameter.value_titles) in (0, len(parameter.choices))


def test_spellings_are_unambiguous() -> None:
    spellings = [spelling for entry in EVERY for spelling in (entry.name, *entry.aliases)]
    assert len(spellings) == len(set(spellings))
    assert {canonical_name(spelling) for spelling in spellings} == set(PARAMETERS.names())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lr_scheduler", "learning_rate_scheduler"),
        ("amsgrad", "ams_gradient"),
        ("grad_accumulation_step", "gradient_accumulation_step"),
        ("num_workers", "number_of_workers"),
        ("train_crop_size", "training_crop_size"),
        ("valid_resize_size", "validation_resize_size"),
        ("valid_crop_size", "validation_crop_size"),
        ("img_size", "image_size"),
        ("box_score_thresh", "box_score_threshold"),
        ("nms_iou_thresh", "nms_iou_threshold"),
        ("box_nms_thresh", "nms_iou_threshold"),
        ("box_detections_per_img", "box_detections_per_image"),
        ("tile_predictions_nms_thresh", "tile_predictions_nms_threshold"),
        ("apply_augmentations", "augmentations"),
        ("split_ratio", None),
    ],
)
def test_old_spellings(old: str, new: str | None) -> None:
    assert canonical_name(old) == new


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("learning_rate", "1e-4", 1e-4),
        ("learning_rate", 0, 0.0),
        ("number_of_epochs", "7", 7),
        ("number_of_epochs", 7.0, 7),
        ("early_stopping", 1, True),
        ("early_stopping", "False", False),
        ("mixed_precision", True, "on"),
        ("mixed_precision", False, "off"),
        ("learning_rate_scheduler", "WarmupCosine", "warmup_cosine"),
        ("optimizer", "AdamW", "adamw"),
        ("log_training_metrics", "enable", "Enable"),
        ("log_validation_loss", False, "Disable"),
        ("weighted_loss", "2", 2),
        ("advanced_settings", '{"stream_image_files": true}', '{"stream_image_files": true}'),
        ("model_size", "xlarge", "extra_large"),
        ("model_size", "ExtraLarge", "extra_large"),
        ("optimizer", "adamw_hf", "adamw"),
        ("mixed_precision", 16, "on"),
        ("mixed_precision", "32", "off"),
        ("tile_grid_size", "3X2", "3x2"),
        ("tile_grid_size", "(3, 2)", "3x2"),
        ("augmentations", "Strong", "strong"),
        ("augmentations", False, "none"),
        ("augmentations", {"preset": "light", "flip": False}, '{"preset": "light", "flip": false}'),
        ("augmentations", '{"preset": "light"}', "light"),
        ("image_type", "png", "PNG"),
        ("model_name", " ResNet-18 ", "resnet18"),
        ("model_name", "fasterrcnn-resnet50-fpn", "fasterrcnn_resnet50_fpn"),
        ("advanced_settings", {"stream_image_files": True}, '{"stream_image_files": true}'),
    ],
)
def test_accepted_writings(name: str, written: object, value: object) -> None:
    parsed = parse_value(PARAMETERS.get(name), written, name)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("name", "written", "words"),
    [
        ("learning_rate", 1.5, "0 to 1"),
        ("learning_rate", "fast", "Must be a number, 0 to 1"),
        ("learning_rate", float("nan"), "number"),
        ("number_of_epochs", 0, "1 or more"),
        ("number_of_epochs", 2.5, "whole number"),
        ("number_of_epochs", True, "whole number"),
        ("number_of_epochs", 10**400, "whole number"),
        ("early_stopping", "perhaps", "true or false"),
        ("optimizer", "lion", "sgd, adam, adamw, adafactor or adagrad"),
        ("weighted_loss", 3, "0, 1 or 2"),
        ("advanced_settings", "{", "JSON"),
        ("tile_grid_size", "3", "3x2"),
        ("tile_grid_size", "0x2", "tiles"),
        ("tile_grid_size", "99x99", "tiles"),
        ("augmentations", "mild", "standard, light, strong or none"),
        ("augmentations", {"blur": True}, "crop, flip"),
        ("augmentations", {"flip": 0.5}, "true or false"),
        ("augmentations", 3, "JSON text"),
        ("model_name", "resnet19", "Did you mean resnet1"),
        ("model_name", 5, "name of an architecture"),
        ("model_name", "", "name of an architecture"),
        ("advanced_settings", '{"stream": true}', "stream_image_files"),
        ("advanced_settings", '{"stream_image_files": "yes"}', "true or false"),
    ],
)
def test_refused_writings(name: str, written: object, words: str) -> None:
    with pytest.raises(InvalidDocumentError, match=words) as caught:
        parse_value(PARAMETERS.get(name), written, f"training_parameters.{name}")
    assert caught.value.details[0].path == f"training_parameters.{name}"


@settings(deadline=None)
@given(st.sampled_from(EVERY), ANYTHING)
def test_any_value_is_read_or_refused_in_words(parameter: Parameter, value: object) -> None:
    try:
        parsed = parse_value(parameter, value, parameter.name)
    except InvalidDocumentError as error:
        assert error.details[0].path == parameter.name  # noqa: PT017 (it may be read too)
    else:
        assert parse_value(parameter, parsed, parameter.name) == parsed


PUBLISHED = [
    ("mobilenetv2", 78, 78, 0.01, 0.035),
    ("resnet152", 78, 78, 0.01, 0.035),
    ("resnest101", 78, 78, 0.01, 0.035),
    ("seresnext", 78, 78, 0.01, 0.035),
    ("vits16r224", 128, 128, 0.0125, 0.025),
    ("vitb16r224", 48, 48, 0.0125, 0.025),
    ("vitl16r224", 10, 10, 0.001, 0.002),
]


@pytest.mark.parametrize(("name", "batch", "validation", "rate", "multilabel_rate"), PUBLISHED)
def test_the_published_defaults_of_classifiers(
    name: str, batch: int, validation: int, rate: float, multilabel_rate: float
) -> None:
    for task_type, expected in ((TaskType.CLASSIFICATION, rate), (TaskType.MULTILABEL, multilabel_rate)):
        assert documented_default("learning_rate", name, task_type) == expected
        assert documented_default("training_batch_size", name, task_type) == batch
        assert documented_default("validation_batch_size", name, task_type) == validation
        assert documented_default("number_of_epochs", name, task_type) == 15
        assert documented_default("number_of_workers", name, task_type) == 8


@pytest.mark.parametrize(
    ("name", "task_type", "expected"),
    [
        (
            "yolov5",
            TaskType.DETECTION,
            {
                "number_of_epochs": 30,
                "training_batch_size": 16,
                "validation_batch_size": 16,
                "learning_rate": 0.01,
                "number_of_workers": 8,
                "box_score_threshold": 0.1,
                "image_size": 640,
                "model_size": "medium",
                "multi_scale": False,
                "ema": True,
            },
        ),
        *(
            (
                name,
                task_type,
                {
                    "number_of_epochs": 15,
                    "training_batch_size": 2,
                    "validation_batch_size": 1,
                    "learning_rate": 0.005,
                    "number_of_workers": 4,
                    "box_score_threshold": 0.3,
                    "nms_iou_threshold": 0.5,
                    "box_detections_per_image": 100,
                    "min_size": 600,
                    "max_size": 1333,
                    "validation_metric_type": "voc",
                    "validation_iou_threshold": 0.5,
                    "ema": False,
                },
            )
            for name, task_type in (
                ("fasterrcnn_resnet34_fpn", TaskType.DETECTION),
                ("retinanet_resnet50_fpn", TaskType.DETECTION),
                ("maskrcnn_resnet50_fpn", TaskType.SEGMENTATION),
            )
        ),
        (
            "fasterrcnn_resnet50_fpn",
            TaskType.DETECTION,
            {"tile_grid_size": None, "tile_overlap_ratio": 0.25, "tile_predictions_nms_threshold": 0.25},
        ),
        (
            "maskrcnn_resnet50_fpn",
            TaskType.SEGMENTATION,
            {
                "mask_pixel_score_threshold": 0.5,
                "max_number_of_polygon_points": 100,
                "export_as_image": False,
                "image_type": "JPG",
            },
        ),
    ],
)
def test_the_published_defaults_of_detectors(name: str, task_type: str, expected: dict[str, Any]) -> None:
    assert {entry: documented_default(entry, name, task_type) for entry in expected} == expected
    assert expected.keys() <= {entry.name for entry in list_parameters(task_type, name)}


@pytest.mark.parametrize(
    ("task_type", "architecture"),
    [
        (TaskType.CLASSIFICATION, "vitb16r224"),
        (TaskType.MULTILABEL, "vitb16r224"),
        (TaskType.DETECTION, "yolov5"),
        (TaskType.SEGMENTATION, "maskrcnn_resnet50_fpn"),
    ],
)
def test_the_default_architecture_trains_its_task(task_type: TaskType, architecture: str) -> None:
    default = documented_default("model_name", architecture, task_type)
    assert task_type in ARCHITECTURES.get(default).task_types


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(NotFoundError, match="learning_rate"):
        PARAMETERS.get("learning_rat")
