from __future__ import annotations

import dataclasses
from random import Random

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import functional

from vision.training.inputs.augmentation import (
    AUGMENTATIONS,
    Augmentation,
    choose_augmentation,
    crop_and_flip,
    normalise,
    random_box,
    random_colours,
)

STANDARD = AUGMENTATIONS.get("standard")
PIXELS = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
STILL = Augmentation("still", (1.0, 1.0), 0.0, 0.0, 0.0, 0.0, 0.0)


class Fixed(Random):
    """Draws the given value wherever a strength is drawn."""

    def __init__(self, value: float) -> None:
        super().__init__(0)
        self.value = value

    def uniform(self, a: float, b: float) -> float:
        return self.value


def jitter(pixels: np.ndarray, kind: str, value: float) -> np.ndarray:
    augmentation = dataclasses.replace(STILL, **{kind: 1.0})
    colours = torch.from_numpy(random_colours(pixels, augmentation, Fixed(value)))
    images = torch.from_numpy(pixels)[None]
    return normalise(images, torch.zeros(3), torch.ones(3), colours[None])[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize(
    ("kind", "adjust"),
    [
        ("brightness", functional.adjust_brightness),
        ("contrast", functional.adjust_contrast),
        ("saturation", functional.adjust_saturation),
    ],
)
@pytest.mark.parametrize("value", [-0.4, 0.3])
def test_jitter_equals_torchvisions(kind: str, adjust, value: float) -> None:
    expected = adjust(torch.from_numpy(PIXELS).permute(2, 0, 1) / 255, 1 + value).permute(1, 2, 0).numpy()
    np.testing.assert_allclose(jitter(PIXELS, kind, value), expected, atol=2e-3)


def test_every_preset_but_none_makes_every_change() -> None:
    for preset in AUGMENTATIONS:
        made = [preset.area is not None, preset.flip > 0, preset.brightness > 0]
        assert all(made) if preset.name != "none" else not any(made)


def test_hue_keeps_grey_and_turns_colours() -> None:
    grey = np.full((4, 4, 3), 120, dtype=np.uint8)
    np.testing.assert_allclose(jitter(grey, "hue", 0.1), grey / 255, atol=1e-2)
    red = np.zeros((4, 4, 3), dtype=np.uint8)
    red[..., 0] = 200
    assert np.abs(jitter(red, "hue", 0.1) - red / 255).max() > 0.1


def test_without_jitter_pixels_are_normalised_only() -> None:
    images = torch.from_numpy(PIXELS)[None]
    mean, std = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0.5, 0.6, 0.7])
    found = normalise(images, mean, std)
    expected = (images.permute(0, 3, 1, 2) / 255 - mean[:, None, None]) / std[:, None, None]
    torch.testing.assert_close(found, expected)
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_crops_stay_inside_and_within_their_area() -> None:
    for seed in range(200):
        x1, y1, x2, y2 = random_box(80, 60, STANDARD, Random(seed))
        assert 0 <= x1 < x2 <= 80
        assert 0 <= y1 < y2 <= 60
        assert 0.49 <= (x2 - x1) * (y2 - y1) / (80 * 60) <= 1


def test_an_extreme_shape_falls_back_to_the_middle() -> None:
    x1, y1, x2, y2 = random_box(1000, 10, STANDARD, Random(1))
    assert (y1, y2) == (0, 10)
    assert x1 > 400
    assert x2 < 600


def test_a_view_is_a_function_of_its_randomness() -> None:
    views = [crop_and_flip(PIXELS, 32, 36, "bilinear", STANDARD, Random(seed)) for seed in (1, 1, 2)]
    assert views[0].shape == (32, 32, 3)
    np.testing.assert_array_equal(views[0], views[1])
    assert (views[0] != views[2]).any()


def test_flip_mirrors() -> None:
    flipped = crop_and_flip(PIXELS, 32, 36, "bilinear", dataclasses.replace(STILL, flip=1.0), Random(1))
    plain = crop_and_flip(PIXELS, 32, 36, "bilinear", STILL, Random(1))
    np.testing.assert_array_equal(flipped, plain[:, ::-1])


def test_none_sees_what_validation_sees() -> None:
    view = crop_and_flip(PIXELS, 32, 36, "bilinear", AUGMENTATIONS.get("none"), Random(1))
    image = Image.fromarray(PIXELS).resize((48, 36), Image.Resampling.BILINEAR).crop((8, 2, 40, 34))
    np.testing.assert_array_equal(view, np.asarray(image))
    assert (random_colours(view, AUGMENTATIONS.get("none"), Random(1)) == np.eye(3, 4)).all()


@pytest.mark.parametrize("preset", AUGMENTATIONS.names())
def test_a_preset_is_chosen_by_its_name(preset: str) -> None:
    assert choose_augmentation({"augmentations": preset}) == AUGMENTATIONS.get(preset)


def test_without_a_choice_it_is_the_standard_one() -> None:
    assert choose_augmentation({}) == choose_augmentation({"augmentations": None}) == STANDARD


def test_single_changes_are_switched() -> None:
    off = choose_augmentation({"augmentations": '{"crop": false, "flip": false, "colour": false}'})
    assert dataclasses.replace(off, name="none") == AUGMENTATIONS.get("none")
    on = choose_augmentation({"augmentations": '{"preset": "none", "flip": true}'})
    assert on == dataclasses.replace(AUGMENTATIONS.get("none"), flip=STANDARD.flip)
    all_on = choose_augmentation({"augmentations": '{"preset": "none", "crop": true, "flip": true, "colour": true}'})
    assert dataclasses.replace(all_on, name="standard") == STANDARD
    kept = choose_augmentation({"augmentations": '{"preset": "strong", "flip": false}'})
    assert kept == dataclasses.replace(AUGMENTATIONS.get("strong"), flip=0.0)


def test_the_middle_may_be_mirrored_too() -> None:
    middle = dataclasses.replace(STILL, area=None)
    plain = crop_and_flip(PIXELS, 32, 36, "bilinear", middle, Random(1))
    flipped = crop_and_flip(PIXELS, 32, 36, "bilinear", dataclasses.replace(middle, flip=1.0), Random(1))
    np.testing.assert_array_equal(flipped, plain[:, ::-1])
