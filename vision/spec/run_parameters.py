"""The table of hyperparameters that say how a run uses its machine, and what it records."""

from __future__ import annotations

from functools import partial

from vision.catalog.task_types import TaskType
from vision.spec.augmentations import read_advanced_settings
from vision.spec.parameter import Parameter

_all = partial(Parameter, task_types=tuple(TaskType))

RUN_PARAMETERS = (
    _all(
        "mixed_precision",
        "choice",
        "Mixed precision",
        "Compute in 16 bits where that is safe: by default where the machine gains by it.",
        "Run",
        default="auto",
        choices=("auto", "on", "off"),
        is_advanced=True,
        value_titles=("Where the machine gains by it", "Always", "Never"),
        aliases=("precision",),
        value_aliases=(("32", "off"), ("16", "on")),
    ),
    _all(
        "ema",
        "bool",
        "Average the weights",
        "Validates and keeps a running average of the weights (EMA) in place of the last ones: steadier, a little more "
        "memory.",
        "Training",
        default=False,
        is_advanced=True,
    ),
    Parameter(
        "gradient_checkpointing",
        "bool",
        "Recompute inner layers",
        "Computes the outputs of inner layers again in the backward pass in place of keeping them: much less memory, a "
        "third more time. The result is the same.",
        "Run",
        default=False,
        task_types=tuple(TaskType),
        families=("vit", "resnest", "seresnext", "timm", "hub", "detr", "mask2former"),
        is_advanced=True,
    ),
    _all(
        "number_of_workers",
        "int",
        "Loader processes",
        "Processes that read images ahead of training. 0 reads them in the training process itself.",
        "Run",
        default=8,
        minimum=0,
        maximum=256,
        unit="processes",
        aliases=("num_workers",),
        is_advanced=True,
    ),
    _all(
        "distributed",
        "bool",
        "All GPUs",
        "Train with one process on each GPU that the trial's slot has. Off: on the first one only.",
        "Run",
        default=True,
        is_advanced=True,
    ),
    _all(
        "random_seed",
        "int",
        "Random seed",
        "The same seed, data and machine give the same run. Empty draws a new one each time.",
        "Run",
        minimum=0,
        maximum=2**32 - 1,
        is_advanced=True,
    ),
    _all(
        "log_training_metrics",
        "choice",
        "Training metrics",
        "Score the training images too, after each epoch, to see over-fitting.",
        "Run",
        default="Disable",
        choices=("Enable", "Disable"),
        is_advanced=True,
    ),
    _all(
        "log_validation_loss",
        "choice",
        "Validation loss",
        "Record the loss on the validation images as well.",
        "Run",
        default="Enable",
        choices=("Enable", "Disable"),
        is_advanced=True,
    ),
    _all(
        "enable_onnx_normalization",
        "bool",
        "Normalise within ONNX",
        "The ONNX file of the model takes plain pixels (0 to 255) and normalises them itself. Azure leaves that to the "
        "client unless told; a client that forgets it gets wrong answers.",
        "Run",
        default=True,
        is_advanced=True,
    ),
    _all(
        "advanced_settings",
        "string",
        "Advanced settings",
        "JSON text. stream_image_files decodes images while training instead of once before it, for data too large to "
        "cache. For objects, apply_mosaic_for_yolo and apply_automl_train_augmentations set to false turn random "
        "changes off.",
        "Run",
        default="",
        is_advanced=True,
        read=read_advanced_settings,
        accepts='JSON text such as {"stream_image_files": true}',
    ),
)
