"""`settings.json` beside a registered model: what inference may be told (SPEC §8.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.task_types import TaskType
from vision.errors import Detail
from vision.spec.validation import invalid, validate

# The v2 (job) and older spellings of each key; settings.json is written with those of the public documents.
_ALIASES = {
    "training_crop_size": "train_crop_size",
    "validation_resize_size": "valid_resize_size",
    "validation_crop_size": "valid_crop_size",
    "image_size": "img_size",
    "box_score_threshold": "box_score_thresh",
    "nms_iou_threshold": "nms_iou_thresh",
    "box_nms_thresh": "nms_iou_thresh",
    "box_iou_thresh": "nms_iou_thresh",
    "box_detections_per_image": "box_detections_per_img",
    "tile_predictions_nms_threshold": "tile_predictions_nms_thresh",
}
_GRID = re.compile(r"\(?\s*(\d+)\s*[xX,]\s*(\d+)\s*\)?")
_MOST_TILES = 100


def read_grid(value: Any) -> Any:
    """A tile grid as `3x2` (across, down), from that or from the older `(3, 2)`; None and `""` are no tiling.

    Raises:
        ValueError: anything else, a side of 0, or over a hundred tiles.
    """
    if value is None or value == "":
        return None
    match = _GRID.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"Must be tiles across x tiles down, such as 3x2, not {value!r}.")
    across, down = int(match.group(1)), int(match.group(2))
    if not 1 <= across * down <= _MOST_TILES:
        raise ValueError(f"{across} × {down} tiles cannot be made: from 1 to {_MOST_TILES} in all.")
    return f"{across}x{down}"


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _read_model_size(value: Any) -> Any:
    return "extra_large" if _lower(value) == "xlarge" else _lower(value)


def _read_image_type(value: Any) -> Any:
    upper = value.upper() if isinstance(value, str) else value
    return "JPG" if upper == "JPEG" else upper


Share = Annotated[float, Field(ge=0, le=1)]
Side = Annotated[int, Field(ge=1, le=4096)]


class InferenceSettings(BaseModel):
    """What is common to every model's settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _rename(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {_ALIASES.get(key, key): value for key, value in values.items()}

    def check_architecture(self, architecture: str) -> None:
        """Whether the network takes these settings.

        Raises:
            InvalidDocumentError: it does not.
        """

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Whether they agree with what the network was built with.

        Raises:
            InvalidDocumentError: they do not.
        """


class ClassificationSettings(InferenceSettings):
    """Classification's image sizes, in pixels: the shorter side is resized, then the centre square is cropped."""

    train_crop_size: Side = 224
    valid_resize_size: Side = 256
    valid_crop_size: Side = 224

    @model_validator(mode="after")
    def _check_crop(self) -> ClassificationSettings:
        if self.valid_crop_size > self.valid_resize_size:
            raise ValueError(
                f"valid_crop_size {self.valid_crop_size} is larger than valid_resize_size {self.valid_resize_size}: "
                "the crop is taken from the resized image."
            )
        return self

    def check_architecture(self, architecture: str) -> None:
        """Whether the network takes these sizes.

        Raises:
            InvalidDocumentError: a vision transformer was given another crop than the one it was built for.
        """
        only = ARCHITECTURES.get(architecture).square_crop
        if only is None:
            return
        sizes = {"train_crop_size": self.train_crop_size, "valid_crop_size": self.valid_crop_size}
        problems = [
            Detail(f"{architecture} takes {only} only, not {size}.", path=name)
            for name, size in sizes.items()
            if size != only
        ]
        if problems:
            raise invalid("The inference settings", problems)


class BoxSettings(InferenceSettings):
    """Which boxes an answer holds: those of at least `box_score_thresh`, after suppression of boxes of one class that
    overlap by more than `nms_iou_thresh`, the best `box_detections_per_img` of them."""

    box_score_thresh: Share = 0.3
    nms_iou_thresh: Share = 0.5
    box_detections_per_img: Annotated[int, Field(ge=1, le=10_000)] = 100


class TilingSettings(InferenceSettings):
    """Whether an image is looked at in overlapping tiles too, `3x2` across and down, and how what is found in them is
    merged (SPEC §4.3)."""

    tile_grid_size: Annotated[str | None, BeforeValidator(read_grid)] = None
    tile_overlap_ratio: Annotated[float, Field(ge=0, lt=1)] = 0.25
    tile_predictions_nms_thresh: Share = 0.25


class ShorterSideSettings(BoxSettings):
    """Image sizes, in pixels: the shorter side is resized to `min_size`, the longer is at most `max_size`."""

    min_size: Side = 600
    max_size: Annotated[int, Field(ge=1, le=8192)] = 1333

    @model_validator(mode="after")
    def _check_sizes(self) -> ShorterSideSettings:
        if self.min_size > self.max_size:
            raise ValueError(f"min_size {self.min_size} is larger than max_size {self.max_size}.")
        return self


class DetectionSettings(TilingSettings, ShorterSideSettings):
    """Faster R-CNN and RetinaNet."""


class SquareSettings(BoxSettings):
    """The image is brought to a square of `img_size` px."""

    img_size: Side = 640


class YoloSettings(SquareSettings):
    """YOLOv5, which keeps the image's shape within the square. `model_size` says what the weights are, and stays."""

    model_size: Annotated[
        Literal["nano", "small", "medium", "large", "extra_large"], BeforeValidator(_read_model_size)
    ] = "medium"
    box_score_thresh: Share = 0.1

    def check_options(self, options: Mapping[str, Any]) -> None:
        built = _read_model_size(options.get("model_size"))
        if built is not None and built != self.model_size:
            problem = Detail(f"The weights are those of size {built}; another size is trained anew.", path="model_size")
            raise invalid("The inference settings", [problem])


class YoloDetectionSettings(TilingSettings, YoloSettings):
    """YOLOv5 for boxes."""


class HubDetectionSettings(TilingSettings, SquareSettings):
    """Networks of the Hub: the image is stretched to the square. They find each object once, so nothing is suppressed
    but where `nms_iou_thresh` is below 1."""

    nms_iou_thresh: Share = 1.0


class MaskSettings(InferenceSettings):
    """A pixel belongs to an object from `mask_pixel_score_threshold` on; polygons have at most
    `max_number_of_polygon_points` points. With `export_as_image` each mask is an image of `image_type` instead."""

    mask_pixel_score_threshold: Share = 0.5
    max_number_of_polygon_points: Annotated[int, Field(ge=3, le=100_000)] = 100
    export_as_image: bool = False
    image_type: Annotated[Literal["JPG", "PNG", "BMP"], BeforeValidator(_read_image_type)] = "JPG"


class SegmentationSettings(MaskSettings, ShorterSideSettings):
    """Mask R-CNN."""


class YoloSegmentationSettings(MaskSettings, YoloSettings):
    """YOLOv5 for masks."""


class HubSegmentationSettings(MaskSettings, SquareSettings):
    """Networks of the Hub for masks: as those for boxes, without tiles."""

    nms_iou_thresh: Share = 1.0


_DETECTORS: Mapping[str, type[InferenceSettings]] = {
    "shorter_side": DetectionSettings,
    "letterbox": YoloDetectionSettings,
    "stretch": HubDetectionSettings,
}
_SEGMENTERS: Mapping[str, type[InferenceSettings]] = {
    "shorter_side": SegmentationSettings,
    "letterbox": YoloSegmentationSettings,
    "stretch": HubSegmentationSettings,
}


def mask_threshold(settings: InferenceSettings) -> float:
    """The probability from which a pixel belongs to an object; half where the settings say nothing of masks."""
    return settings.mask_pixel_score_threshold if isinstance(settings, MaskSettings) else 0.5


def settings_model(architecture: str, task_type: str = "") -> type[InferenceSettings]:
    """The model that the settings of this architecture, trained for that task type, follow.

    Raises:
        NotFoundError: no architecture of that name.
    """
    info = ARCHITECTURES.get(architecture, task_type)
    if info.fitting == "centre_crop":
        return ClassificationSettings
    models = _SEGMENTERS if TaskType.SEGMENTATION in info.task_types else _DETECTORS
    return models[info.fitting]


def parse_settings(
    values: Mapping[str, Any], architecture: str, options: Mapping[str, Any] | None = None, task_type: str = ""
) -> InferenceSettings:
    """Checked settings for a model of that architecture, built with those `options` and trained for that task type.

    Raises:
        InvalidDocumentError: with one detail for each problem.
    """
    settings = validate(settings_model(architecture, task_type), dict(values), "The inference settings")
    settings.check_architecture(architecture)
    settings.check_options(options or {})
    return settings


def pick_settings(parameters: Mapping[str, Any], architecture: str, task_type: str = "") -> InferenceSettings:
    """The settings that training for that task type with these resolved parameters leaves to its model.

    Raises:
        InvalidDocumentError: a value out of range.
    """
    known = settings_model(architecture, task_type).model_fields
    values = {
        name: value for name, value in parameters.items() if value is not None and _ALIASES.get(name, name) in known
    }
    return parse_settings(values, architecture, parameters, task_type)
