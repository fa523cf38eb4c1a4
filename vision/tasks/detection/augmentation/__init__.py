"""Random views of training images with objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vision.catalog.architectures.info import FittingKind
from vision.tasks.detection.augmentation.presets import choose_augmentation
from vision.tasks.detection.augmentation.region import RegionView
from vision.tasks.detection.augmentation.scale import draw_scale, rescale_batch
from vision.tasks.detection.augmentation.square import SquareView
from vision.tasks.detection.images import ObjectView

__all__ = ["draw_scale", "make_view", "rescale_batch"]

_MOST_CLOSING_EPOCHS = 10  # as ultralytics' `close_mosaic`
_CLOSING_PART = 3  # but at most this part of the training, which is often shorter here


def make_view(fitting: FittingKind, parameters: Mapping[str, Any], image_size: int) -> ObjectView:
    """The view that suits networks whose images are fitted so: YOLO's squares of `image_size` px for those that take
    letterboxes, else R-CNN's of any size.

    `parameters` are resolved; of them count `augmentations`, `advanced_settings` and `number_of_epochs`.
    """
    augmentation = choose_augmentation(parameters)
    if fitting != "letterbox":
        return RegionView(augmentation)
    epochs = int(parameters["number_of_epochs"])
    closing = min(_MOST_CLOSING_EPOCHS, epochs // _CLOSING_PART)
    return SquareView(augmentation, image_size, epochs - closing)
