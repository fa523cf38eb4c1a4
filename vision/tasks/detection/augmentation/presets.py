"""How strongly training images with objects are varied: one table, and what parameters make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vision.registry import Registry
from vision.spec.augmentations import choose_augmentations


@dataclass(frozen=True)
class ObjectAugmentation:
    """The numbers of one preset; a chance, a strength or a range of 0 is a change that is not made.

    R-CNN style: `crop` is the chance to look for a part around some boxes, each side at least `crop_side` of the
    image's; `expand` that of a larger canvas, up to `expand_side` times as wide and high; `brightness`, `contrast`,
    `saturation` and `hue` are as in torchvision's ColorJitter (hue in turns).
    YOLO style: `mosaic` is the chance of four images as one; the affine change scales by 1 ± `scale`, moves by up to
    `translate` of the side, turns and shears by up to `degrees` and `shear` degrees; `hsv` are the strengths of hue,
    saturation and value.
    Both: `flip` is the chance to mirror left to right.
    """

    name: str
    flip: float
    crop: float
    crop_side: float
    expand: float
    expand_side: float
    brightness: float
    contrast: float
    saturation: float
    hue: float
    mosaic: float
    scale: float
    translate: float
    degrees: float
    shear: float
    hsv: tuple[float, float, float]


OBJECT_AUGMENTATIONS: Registry[ObjectAugmentation] = Registry(
    "augmentation",
    [
        # ultralytics' own numbers for YOLO; for R-CNNs the crop of SSD, with a smaller canvas and milder colours.
        ObjectAugmentation(
            "standard",
            flip=0.5,
            crop=0.5, crop_side=0.3,
            expand=0.3, expand_side=2.0,
            brightness=0.2, contrast=0.2, saturation=0.2, hue=0.02,
            mosaic=1.0,
            scale=0.5, translate=0.1, degrees=0.0, shear=0.0,
            hsv=(0.015, 0.7, 0.4),
        ),
        ObjectAugmentation(
            "light",
            flip=0.5,
            crop=0.25, crop_side=0.6,
            expand=0.1, expand_side=1.5,
            brightness=0.1, contrast=0.1, saturation=0.1, hue=0.0,
            mosaic=0.5,
            scale=0.25, translate=0.05, degrees=0.0, shear=0.0,
            hsv=(0.01, 0.35, 0.2),
        ),
        ObjectAugmentation(
            "strong",
            flip=0.5,
            crop=0.8, crop_side=0.3,
            expand=0.5, expand_side=3.0,
            brightness=0.4, contrast=0.4, saturation=0.4, hue=0.05,
            mosaic=1.0,
            scale=0.7, translate=0.2, degrees=10.0, shear=2.0,
            hsv=(0.03, 0.9, 0.5),
        ),
        ObjectAugmentation(
            "none",
            flip=0.0,
            crop=0.0, crop_side=1.0,
            expand=0.0, expand_side=1.0,
            brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0,
            mosaic=0.0,
            scale=0.0, translate=0.0, degrees=0.0, shear=0.0,
            hsv=(0.0, 0.0, 0.0),
        ),
    ],
)  # fmt: skip

# The numbers each single switch stands for; the first tells whether a preset makes the change.
_SWITCHED = {
    "flip": ("flip",),
    "crop": ("crop", "crop_side"),
    "expand": ("expand", "expand_side"),
    "colour": ("brightness", "contrast", "saturation", "hue", "hsv"),
    "mosaic": ("mosaic",),
    "affine": ("scale", "translate", "degrees", "shear"),
}


def choose_augmentation(parameters: Mapping[str, Any]) -> ObjectAugmentation:
    """The preset that `augmentations` names, without what its switches or the flags of `advanced_settings` turn off.

    A change switched on that the preset does not make is made as strongly as in `standard`. Source: SPEC §4.8.
    """
    choice = choose_augmentations(parameters)
    preset, standard, none = (OBJECT_AUGMENTATIONS.get(name) for name in (choice.preset, "standard", "none"))
    changes: dict[str, Any] = {}
    for switch, fields in _SWITCHED.items():
        in_preset = getattr(preset, fields[0]) > 0
        made = preset if in_preset else standard
        source = made if choice.is_on(switch, in_preset=in_preset) else none
        changes |= {field: getattr(source, field) for field in fields}
    return replace(preset, **changes)
