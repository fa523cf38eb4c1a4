"""What presets, switches and flags turn on and off, in the numbers and in the views."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import numpy as np
import pytest

from tests.vision.tasks.detection.augmentation.pictures import make_picture
from vision.spec.augmentations import DETECTOR_SWITCHES, PRESETS, YOLO_SWITCHES
from vision.tasks.detection.augmentation import make_view
from vision.tasks.detection.augmentation.colours import jitter_colours, vary_hsv
from vision.tasks.detection.augmentation.presets import (
    _SWITCHED,
    OBJECT_AUGMENTATIONS,
    ObjectAugmentation,
    choose_augmentation,
)

pytestmark = pytest.mark.heavy

VIEWS = 60


def choose(augmentations: Any = "standard", **settings: bool) -> ObjectAugmentation:
    return choose_augmentation({"augmentations": augmentations, "advanced_settings": json.dumps(settings)})


def test_every_preset_and_switch_a_job_may_name_is_known() -> None:
    assert tuple(OBJECT_AUGMENTATIONS.names()) == PRESETS
    assert set(_SWITCHED) == {*DETECTOR_SWITCHES, *YOLO_SWITCHES}


def test_without_parameters_it_is_the_standard() -> None:
    assert choose_augmentation({}) == OBJECT_AUGMENTATIONS.get("standard")


def test_presets_grow_stronger() -> None:
    none, light, standard, strong = (OBJECT_AUGMENTATIONS.get(name) for name in ("none", "light", "standard", "strong"))
    for field in ("crop", "expand", "expand_side", "brightness", "hue", "scale", "translate", "mosaic", "hsv"):
        values = [getattr(preset, field) for preset in (none, light, standard, strong)]
        assert values == sorted(values), field


def test_every_preset_but_none_makes_every_change() -> None:
    for preset in OBJECT_AUGMENTATIONS:
        made = [getattr(preset, fields[0]) > 0 for fields in _SWITCHED.values()]
        assert all(made) if preset.name != "none" else not any(made)


def test_azures_flags_turn_off_what_they_say() -> None:
    standard = choose()
    plain = choose(apply_automl_train_augmentations=False)
    assert (plain.crop, plain.expand, plain.flip, plain.scale, plain.translate) == (0, 0, 0, 0, 0)
    assert (plain.mosaic, plain.hsv) == (standard.mosaic, standard.hsv)
    single = choose(apply_mosaic_for_yolo=False)
    assert single.mosaic == 0
    assert (single.scale, single.flip, single.crop) == (standard.scale, standard.flip, standard.crop)


def test_a_switch_overrides_its_preset() -> None:
    light = OBJECT_AUGMENTATIONS.get("light")
    off = choose(json.dumps({"preset": "light", "flip": False, "colour": False}))
    assert (off.flip, off.hsv, off.brightness, off.crop) == (0, (0, 0, 0), 0, light.crop)
    on = choose(json.dumps({"preset": "none", "mosaic": True, "affine": True}))
    standard = OBJECT_AUGMENTATIONS.get("standard")
    assert (on.mosaic, on.scale, on.translate) == (standard.mosaic, standard.scale, standard.translate)
    assert (on.flip, on.crop) == (0, 0)


def measure_views(fitting: Any, preset: str) -> dict[str, float]:
    """How often views differ from their picture, and how."""
    view = make_view(fitting, {"augmentations": preset, "number_of_epochs": 90}, 160)
    mirrored = resized = several = 0
    for seed in range(VIEWS):
        image = view.draw(0, lambda number: make_picture(number), 4, Random(seed))
        resized += image.pixels.shape[:2] != (90, 120)
        several += len({int(label) // 3 for label in image.labels}) > 1
        own = image.boxes[image.labels < 3]
        order = image.labels[image.labels < 3][np.argsort(own[:, 0])]
        mirrored += len(order) > 1 and bool((np.diff(order) < 0).any())
    return {"mirrored": mirrored / VIEWS, "resized": resized / VIEWS, "several": several / VIEWS}


@pytest.mark.parametrize("fitting", ["letterbox", "shorter_side"])
def test_none_changes_nothing(fitting: Any) -> None:
    told = measure_views(fitting, "none")
    assert told["mirrored"] == told["several"] == 0
    assert told["resized"] == (fitting == "letterbox")


def test_region_views_are_cut_or_expanded_as_often_as_told() -> None:
    light, strong = measure_views("shorter_side", "light"), measure_views("shorter_side", "strong")
    assert 0.1 < light["resized"] < 0.5  # 1 - (1 - 0.25 * 6/7) * 0.9 = 0.29
    assert 0.7 < strong["resized"] < 0.98  # 1 - (1 - 0.8 * 6/7) * 0.5 = 0.84
    assert 0.25 < strong["mirrored"] < 0.6
    assert strong["several"] == 0


def test_square_views_are_mosaics_as_often_as_told() -> None:
    assert 0.3 < measure_views("letterbox", "light")["several"] < 0.7
    assert measure_views("letterbox", "standard")["several"] > 0.75  # some mosaics show one picture four times, or cut


def test_colours_change_within_their_strengths() -> None:
    grey = np.full((8, 8, 3), 100, np.uint8)
    strong = OBJECT_AUGMENTATIONS.get("strong")
    means = [jitter_colours(grey, strong, Random(seed)).mean() for seed in range(80)]
    assert 100 * (1 - strong.brightness) - 2 <= min(means) < 75
    assert 125 < max(means) <= 100 * (1 + strong.brightness) + 2
    values = [vary_hsv(grey, (0.0, 0.0, 0.4), Random(seed)).mean() for seed in range(80)]
    assert 60 <= min(values) < 70
    assert 130 < max(values) <= 140


def test_hue_alone_leaves_grey_and_turns_colours() -> None:
    grey, red = np.full((4, 4, 3), 100, np.uint8), np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 200
    assert np.array_equal(vary_hsv(grey, (0.4, 0.0, 0.0), Random(1)), grey)
    assert np.array_equal(vary_hsv(red, (0.0, 0.0, 0.0), Random(1)), red)
    green = np.zeros((4, 4, 3), np.uint8)
    green[..., 1] = 200
    turned = vary_hsv(green, (0.4, 0.0, 0.0), Random(1))
    assert turned.max() == 200
    assert not np.array_equal(turned, green)
