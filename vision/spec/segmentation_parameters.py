"""The table of hyperparameters of instance segmentation alone (SPEC §4.4)."""

from __future__ import annotations

from functools import partial

from vision.catalog.task_types import TaskType
from vision.spec.parameter import Parameter

_masks = partial(
    Parameter, task_types=(TaskType.SEGMENTATION,), families=("maskrcnn", "yolov5", "mask2former"), is_advanced=True
)

SEGMENTATION_PARAMETERS = (
    _masks(
        "mask_pixel_score_threshold",
        "float",
        "Mask threshold",
        "A pixel belongs to an object where its score reaches this.",
        "Objects",
        default=0.5,
        minimum=0,
        maximum=1,
    ),
    _masks(
        "max_number_of_polygon_points",
        "int",
        "Points of a polygon",
        "An outline in a prediction is simplified to at most this many points.",
        "Objects",
        default=100,
        minimum=3,
        maximum=100_000,
        unit="points",
    ),
    _masks(
        "export_as_image",
        "bool",
        "Masks as images",
        "Predictions carry each mask as an image file, base64, in place of polygons.",
        "Objects",
        default=False,
    ),
    _masks(
        "image_type",
        "choice",
        "Image type of masks",
        "The file type of masks that are handed over as images.",
        "Objects",
        default="JPG",
        choices=("JPG", "PNG", "BMP"),
    ),
)
