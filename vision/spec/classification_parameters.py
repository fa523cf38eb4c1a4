"""The table of hyperparameters that classification alone takes (SPEC §4.2)."""

from __future__ import annotations

from functools import partial

from vision.catalog.task_types import CLASSIFICATION_TASKS, TaskType
from vision.spec.parameter import Parameter

_classification = partial(Parameter, task_types=CLASSIFICATION_TASKS)

CLASSIFICATION_PARAMETERS = (
    _classification(
        "training_crop_size",
        "int",
        "Training crop",
        "Side of the square that training cuts at random out of each image. Vision transformers take 224 only.",
        "Images",
        default=224,
        minimum=32,
        maximum=4096,
        unit="px",
        aliases=("train_crop_size",),
        is_advanced=True,
    ),
    _classification(
        "validation_resize_size",
        "int",
        "Validation resize",
        "The shorter side an image is resized to before the validation crop.",
        "Images",
        default=256,
        minimum=32,
        maximum=4096,
        unit="px",
        aliases=("valid_resize_size",),
        is_advanced=True,
    ),
    _classification(
        "validation_crop_size",
        "int",
        "Validation crop",
        "Side of the square cut from the middle, for validation and every prediction. At most the validation resize.",
        "Images",
        default=224,
        minimum=32,
        maximum=4096,
        unit="px",
        aliases=("valid_crop_size",),
        is_advanced=True,
    ),
    _classification(
        "weighted_loss",
        "choice",
        "Weighted loss",
        "Lets rare classes count for more in the loss: 0 off, 1 by the root of the class weight, 2 by the weight.",
        "Training",
        default=0,
        choices=(0, 1, 2),
        value_titles=("Off", "By the root of the class weight", "By the class weight"),
    ),
    Parameter(
        "label_smoothing_factor",
        "float",
        "Label smoothing",
        "The part of each label that is spread over all classes while training: steadier where labels may be wrong.",
        "Training",
        default=0.0,
        minimum=0,
        maximum=0.99,
        task_types=(TaskType.CLASSIFICATION,),
        is_advanced=True,
    ),
)
