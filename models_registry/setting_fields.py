"""The inference settings of a registered model as fields of a form, each with its meaning, range and default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from vision.spec.settings import settings_model

HELP = {
    "train_crop_size": "Side of the square the model was trained on, in pixels.",
    "valid_resize_size": "Shorter side an image is scaled to before the crop, in pixels.",
    "valid_crop_size": "Side of the centre square the model sees, in pixels.",
    "box_score_thresh": "What is found with a lower score is left out.",
    "nms_iou_thresh": "Of two boxes of one class that overlap by more (IoU), the one with the higher score stays.",
    "box_detections_per_img": "So many objects of an image at most, those with the highest scores.",
    "min_size": "Shorter side an image is scaled to, in pixels.",
    "max_size": "The longer side is at most this, in pixels.",
    "img_size": "Side of the square an image is brought to, in pixels.",
    "model_size": "What the weights are; another size is trained anew.",
    "tile_grid_size": "Overlapping tiles looked at beside the whole image, across x down, such as 3x2. Empty: none.",
    "tile_overlap_ratio": "How much of a tile its neighbour sees too.",
    "tile_predictions_nms_thresh": "What is found in two tiles and overlaps by more (IoU) is one object.",
    "mask_pixel_score_threshold": "Probability from which a pixel belongs to an object.",
    "max_number_of_polygon_points": "So many points of an outline at most.",
    "export_as_image": "A mask is answered as a picture, not as an outline.",
    "image_type": "Format of these pictures.",
}
_FIXED = frozenset({"model_size"})
_WHOLE = frozenset({int})
_BOUNDS = (("ge", "from {}"), ("gt", "above {}"), ("le", "to {}"), ("lt", "to below {}"))


@dataclass(frozen=True)
class SettingField:
    """One setting: `text` is its value as typed, `options` what it is chosen of where these are few; one that
    `is_fixed` is shown only."""

    name: str
    text: str
    help: str
    options: tuple[str, ...] = ()
    is_fixed: bool = False
    is_whole: bool = False


def list_setting_fields(
    settings: Mapping[str, Any], architecture: str, task_type: str, typed: Mapping[str, str] | None = None
) -> list[SettingField]:
    """A field for each of `settings` that the architecture knows; it holds again what was `typed` and refused."""
    known = settings_model(architecture, task_type).model_fields
    return [
        SettingField(
            name,
            (typed or {}).get(name, write_setting(value)),
            " ".join([HELP[name], *_describe(known[name])]),
            _list_options(known[name]),
            name in _FIXED,
            known[name].annotation in _WHOLE,
        )
        for name, value in settings.items()
        if name in known
    ]


def write_setting(value: Any) -> str:
    """As it stands in a document: `true` and `false`, and nothing for what is not set."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _describe(field: FieldInfo) -> list[str]:
    bounds = [
        words.format(getattr(limit, side))
        for side, words in _BOUNDS
        for limit in field.metadata
        if getattr(limit, side, None) is not None
    ]
    default = write_setting(field.default)
    return ([f"{' '.join(bounds).capitalize()}."] if bounds else []) + ([f"Default {default}."] if default else [])


def _list_options(field: FieldInfo) -> tuple[str, ...]:
    if field.annotation is bool:
        return ("true", "false")
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
