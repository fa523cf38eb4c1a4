from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.task_types import TaskType
from vision.errors import InvalidDocumentError, NotFoundError
from vision.spec.model_names import read_model_name, trained_as
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
        ("model_name", "timm/resnet26", "timm/resnet26"),
        ("model_name", "some/image-classifier", "some/image-classifier"),
        (
            "model_name",
            "microsoft-beit-base-patch16-224-pt22k-ft22k",
            "microsoft/beit-base-patch16-224-pt22k-ft22k",
        ),
        (
            "model_name",
            "Microsoft-SwinV2-base-patch4-window12-192-22k",
            "microsoft/swinv2-base-patch4-window12-192-22k",
        ),
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
        ("model_name", "atss_r50_fpn_1x_coco", "MMDetection.*Try retinanet_resnet50_fpn"),
        ("model_name", "mmd-3x-solov2_r50_fpn_1x_coco", "Try maskrcnn_resnet50_fpn"),
        ("model_name", "mmd-3x-rtmdet_tiny_8xb32-300e_coco", "Try yolov5"),
        ("model_name", "cascade-rcnn_r50_fpn_1x_coco", "Try fasterrcnn_resnet50_fpn"),
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
        (
            "yolov5_seg",
            TaskType.SEGMENTATION,
            {
                "number_of_epochs": 30,
                "training_batch_size": 16,
                "learning_rate": 0.01,
                "box_score_threshold": 0.1,
                "nms_iou_threshold": 0.5,
                "image_size": 640,
                "model_size": "medium",
                "multi_scale": False,
                "ema": True,
                "mask_pixel_score_threshold": 0.5,
                "max_number_of_polygon_points": 100,
                "image_type": "JPG",
            },
        ),
    ],
)
def test_the_published_defaults_of_detectors(name: str, task_type: str, expected: dict[str, Any]) -> None:
    assert {entry: documented_default(entry, name, task_type) for entry in expected} == expected
    assert expected.keys() <= {entry.name for entry in list_parameters(task_type, name)}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "google/vit-base-patch16-224",
            {
                "optimizer": "adamw",
                "learning_rate": 5e-5,
                "learning_rate_scheduler": "warmup_linear",
                "weight_decay": 0.0,
                "max_grad_norm": 1.0,
                "early_stopping": False,
                "early_stopping_patience": 1,
                "training_batch_size": 16,
            },
        ),
        (
            "microsoft/swinv2-base-patch4-window12-192-22k",
            {"training_crop_size": 192, "validation_crop_size": 192, "validation_resize_size": 219},
        ),
        ("some/image-classifier", {"training_crop_size": 224, "learning_rate": 5e-5}),
        ("timm/resnet26", {"optimizer": "adamw", "learning_rate": 7e-4, "training_batch_size": 32}),
        (
            "timm/vit_tiny_patch16_384",
            {"learning_rate": 7e-5, "training_crop_size": 384, "validation_resize_size": 439},
        ),
    ],
)
def test_open_names_have_defaults_of_their_own(name: str, expected: dict[str, Any]) -> None:
    for task_type in (TaskType.CLASSIFICATION, TaskType.MULTILABEL):
        found = {entry: documented_default(entry, name, task_type) for entry in expected}
        assert found == expected


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


CURATED = [
    ("mmd-3x-deformable-detr_refine_twostage_r50_16xb2-50e_coco", "fasterrcnn_resnet50_fpn"),
    ("mmd-3x-sparse-rcnn_r50_fpn_300-proposals_crop-ms-480-800-3x_coco", "fasterrcnn_resnet50_fpn"),
    ("mmd-3x-sparse-rcnn_r101_fpn_300-proposals_crop-ms-480-800-3x_coco", "fasterrcnn_resnet101_fpn"),
    ("mmd-3x-vfnet_r50-mdconv-c3-c5_fpn_ms-2x_coco", "retinanet_resnet50_fpn"),
    ("mmd-3x-vfnet_x101-64x4d-mdconv-c3-c5_fpn_ms-2x_coco", "retinanet_resnet50_fpn"),
    ("mmd-3x-yolof_r50_c5_8x8_1x_coco", "retinanet_resnet50_fpn"),
    ("mmd-3x-mask-rcnn_swin-t-p4-w7_fpn_1x_coco", "maskrcnn_resnet50_fpn"),
    ("mmd-3x-rtmdet-ins_x_8xb16-300e_coco", "maskrcnn_resnet101_fpn"),
]


@pytest.mark.parametrize(("name", "architecture"), CURATED)
def test_curated_names_of_mmdetection_have_a_stand_in(name: str, architecture: str) -> None:
    assert read_model_name(name) == read_model_name(name.removeprefix("mmd-3x-")) == name
    stand_in, reason = trained_as(name)
    assert stand_in == architecture
    assert name in reason
    assert ARCHITECTURES.get(architecture).title in reason


def test_an_architecture_stands_for_itself() -> None:
    assert trained_as("resnet18") == ("resnet18", "")
    assert trained_as("timm/resnet26") == ("timm/resnet26", "")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(NotFoundError, match="learning_rate"):
        PARAMETERS.get("learning_rat")
