"""The one hyperparameter of random changes to training images (SPEC §4.1, §4.7)."""

from __future__ import annotations

from vision.catalog.task_types import TaskType
from vision.spec.augmentations import PRESETS, read_augmentations
from vision.spec.parameter import Parameter

AUGMENTATION_PARAMETERS = (
    Parameter(
        "augmentations",
        "string",
        "Augmentation",
        "How strongly training images are changed at random, so that the network learns what does not matter. JSON "
        "switches single changes too: crop, flip and colour; for objects expand, or mosaic and affine for YOLOv5.",
        "Images",
        default="standard",
        aliases=("apply_augmentations",),
        task_types=tuple(TaskType),
        read=read_augmentations,
        suggestions=PRESETS,
        accepts='standard, light, strong, none or JSON such as {"preset": "light", "flip": false}',
    ),
)
