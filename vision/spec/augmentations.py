"""Which random changes training images go through: a preset, single changes switched on or off, and Azure's two flags.

Source: SPEC §4.7, §4.8. What a preset does is the business of the task that applies it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vision.catalog.architectures.info import FittingKind
from vision.catalog.task_types import CLASSIFICATION_TASKS

PRESETS = ("standard", "light", "strong", "none")
SWITCHES = {
    "crop": "a random part of the image",
    "flip": "mirrored left to right",
    "colour": "brightness, contrast, saturation and hue",
    "expand": "the image small on a larger canvas",
    "mosaic": "four images as one",
    "affine": "turned, moved, scaled, sheared",
}
CLASSIFICATION_SWITCHES = ("crop", "flip", "colour")
DETECTOR_SWITCHES = ("crop", "expand", "flip", "colour")
YOLO_SWITCHES = ("mosaic", "affine", "flip", "colour")  # of networks that take letterboxed images

# SPEC §4.8: what each flag turns off where it is false. Normalising and resizing always stay.
_FLAGS = {
    "apply_mosaic_for_yolo": ("mosaic",),
    "apply_automl_train_augmentations": ("crop", "expand", "flip", "affine"),
}
ADVANCED_SETTINGS = ("stream_image_files", *_FLAGS)
DETECTION_SETTINGS = tuple(_FLAGS)


@dataclass(frozen=True)
class AugmentationChoice:
    """A preset, and the changes switched on (True) or off (False) besides it."""

    preset: str = "standard"
    switches: Mapping[str, bool] = field(default_factory=dict)

    def is_on(self, name: str, *, in_preset: bool) -> bool:
        """Whether this change is made; `in_preset` says whether the preset makes it."""
        return self.switches.get(name, in_preset)


def list_switches(task_type: str, fitting: FittingKind | None) -> tuple[str, ...]:
    """The changes there are for networks whose images are fitted so (None: for any network); every preset but `none`
    makes them all."""
    if task_type in CLASSIFICATION_TASKS:
        return CLASSIFICATION_SWITCHES
    if fitting is None:
        return tuple(dict.fromkeys((*DETECTOR_SWITCHES, *YOLO_SWITCHES)))
    return YOLO_SWITCHES if fitting == "letterbox" else DETECTOR_SWITCHES


def choose_augmentations(parameters: Mapping[str, Any]) -> AugmentationChoice:
    """The choice that `augmentations` and `advanced_settings` make together; a single switch outranks the flags."""
    choice = _parse(parameters.get("augmentations") or "standard")
    settings = json.loads(parameters.get("advanced_settings") or "{}")
    off = {name: False for flag, names in _FLAGS.items() if settings.get(flag, True) is False for name in names}
    return AugmentationChoice(choice.preset, {**off, **choice.switches})


def read_augmentations(value: Any) -> str:
    """The canonical text of an `augmentations` value: a preset's name, or JSON where single changes are switched.

    Raises:
        ValueError: it is neither.
    """
    choice = _parse(value)
    if not choice.switches:
        return choice.preset
    return json.dumps({"preset": choice.preset, **choice.switches})


def read_advanced_settings(value: Any) -> str:
    """`advanced_settings` as JSON text.

    Raises:
        ValueError: it is no JSON object of the known keys, each true or false.
    """
    text = json.dumps(value) if isinstance(value, dict) else value
    settings = _load_object(text, '{"stream_image_files": true}')
    for key, setting in settings.items():
        if key not in ADVANCED_SETTINGS:
            raise ValueError(f"There is no advanced setting named {key!r}; there is {', '.join(ADVANCED_SETTINGS)}.")
        if not isinstance(setting, bool):
            raise ValueError(f"{key} must be true or false, not {setting!r}.")
    return str(text)


def _parse(value: Any) -> AugmentationChoice:
    if isinstance(value, bool):
        return AugmentationChoice("standard" if value else "none")
    if isinstance(value, str) and not value.lstrip().startswith("{"):
        return AugmentationChoice(_read_preset(value))
    given = value if isinstance(value, dict) else _load_object(value, '{"preset": "light", "flip": false}')
    switches = {str(name): state for name, state in given.items() if name != "preset"}
    for name, state in switches.items():
        if name not in SWITCHES:
            raise ValueError(f"There is no change of images named {name!r}; there is {', '.join(SWITCHES)}.")
        if not isinstance(state, bool):
            raise ValueError(f"{name} must be true or false, not {state!r}.")
    return AugmentationChoice(_read_preset(given.get("preset", "standard")), switches)


def _read_preset(value: Any) -> str:
    word = str(value).strip().lower()
    words = {"true": "standard", "false": "none"}  # `apply_augmentations` of Azure's components
    preset = words.get(word, word)
    if preset not in PRESETS:
        *most, last = PRESETS
        raise ValueError(f"Must be {', '.join(most)} or {last}, not {value!r}.")
    return preset


def _load_object(text: Any, example: str) -> dict[str, Any]:
    if not isinstance(text, str):
        raise ValueError(f"Must be JSON text such as {example}, not {text!r}.")
    try:
        loaded = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise ValueError(f"Must be JSON text such as {example}: {error}.") from None
    if not isinstance(loaded, dict):
        raise ValueError("Must be a JSON object.")
    return loaded
