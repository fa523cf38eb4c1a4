"""What every random view keeps true of its objects, whatever is drawn."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.vision.tasks.detection.augmentation.pictures import check_objects, empty_picture, make_picture
from vision.tasks.detection.augmentation import make_view
from vision.tasks.detection.augmentation.objects import LEAST_PART, keep_visible, measure
from vision.tasks.detection.augmentation.presets import OBJECT_AUGMENTATIONS
from vision.tasks.detection.augmentation.region import RegionView, crop_around_boxes, expand_canvas
from vision.tasks.detection.augmentation.square import SquareView, place_in_square
from vision.tasks.detection.images import ObjectImage

pytestmark = pytest.mark.heavy

SIDE = 128
_WHOLE_PIXELS = 1.3  # a mask is made of them: half of one is lost before the turn, enlarged by it, and half after it
SEEDS = st.integers(0, 2**32)
STRONG = OBJECT_AUGMENTATIONS.get("strong")
# Without changes of colour, so that the pixels still tell; turning makes boxes larger than what they hold.
PLAIN = replace(
    STRONG, brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0, hsv=(0.0, 0.0, 0.0), degrees=0.0, shear=0.0
)
NONE = OBJECT_AUGMENTATIONS.get("none")


def draw(view: Any, seed: int, index: int = 0, epoch: int = 1, **sizes: Any) -> ObjectImage:
    image: ObjectImage = view.draw(index, lambda number: make_picture(number, **sizes), 4, Random(seed), epoch)
    return image


def draw_checked(view: Any, seed: int, epoch: int = 1, **sizes: Any) -> ObjectImage:
    """Each picture asked for is another one."""
    numbers = count()
    image: ObjectImage = view.draw(0, lambda _: make_picture(next(numbers), **sizes), 4, Random(seed), epoch)
    check_objects(image)
    return image


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(60, 200), st.integers(60, 200), st.booleans())
def test_region_views_keep_boxes_and_masks_on_their_objects(seed: int, width: int, height: int, masks: bool) -> None:
    draw_checked(RegionView(PLAIN), seed, width=width, height=height, has_masks=masks)


@settings(max_examples=40, deadline=None)
@example(seed=161, width=60, height=159, masks=True)  # masks 3 and 5 px wide
@example(seed=699, width=67, height=148, masks=True)
@given(SEEDS, st.integers(60, 200), st.integers(60, 200), st.booleans())
def test_square_views_keep_boxes_and_masks_on_their_objects(seed: int, width: int, height: int, masks: bool) -> None:
    view = draw_checked(SquareView(PLAIN, SIDE, 9), seed, width=width, height=height, has_masks=masks)
    assert view.pixels.shape == (SIDE, SIDE, 3)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from([1, 10]))
def test_turned_masks_still_cover_their_objects(seed: int, epoch: int) -> None:
    turning = replace(PLAIN, degrees=20.0, shear=5.0)
    draw_checked(SquareView(turning, SIDE, 9), seed, epoch, has_masks=True)


@settings(max_examples=25, deadline=None)
@example(seed=243669)
@given(SEEDS)
def test_turned_boxes_hold_their_objects(seed: int) -> None:
    turning = replace(PLAIN, mosaic=0.0, degrees=20.0, shear=5.0)
    boxes = draw(SquareView(turning, SIDE, 9), seed)
    masks = draw(SquareView(turning, SIDE, 9), seed, has_masks=True)
    for label, box in zip(masks.labels, masks.boxes, strict=True):
        if label in boxes.labels:
            outer = boxes.boxes[boxes.labels == label][0]
            assert (outer[:2] <= box[:2] + _WHOLE_PIXELS).all()
            assert (outer[2:] >= box[2:] - _WHOLE_PIXELS).all()


@pytest.mark.parametrize("fitting", ["letterbox", "shorter_side"])
def test_the_same_draws_give_the_same_view_and_leave_torch_alone(fitting: Any) -> None:
    view = make_view(fitting, {"augmentations": "strong", "number_of_epochs": 30}, SIDE)
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    first, again, other = (draw(view, seed) for seed in (5, 5, 6))
    assert torch.equal(torch.rand(4), expected)
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.boxes, again.boxes)
    assert np.array_equal(first.labels, again.labels)
    assert first.pixels.shape != other.pixels.shape or not np.array_equal(first.pixels, other.pixels)


@pytest.mark.parametrize("fitting", ["letterbox", "shorter_side"])
def test_pictures_without_objects_have_views_too(fitting: Any) -> None:
    view = make_view(fitting, {"augmentations": "strong", "number_of_epochs": 30}, SIDE)
    for seed in range(10):
        image = view.draw(0, lambda number: empty_picture(), 1, Random(seed))
        assert image.boxes.shape == (0, 4)
        assert image.labels.shape == (0,)


def test_the_picture_given_is_never_changed() -> None:
    original = make_picture(1, has_masks=True)
    for array in (original.pixels, original.boxes, original.masks):
        array.setflags(write=False)
    for seed in range(10):
        for view in (RegionView(STRONG), SquareView(STRONG, SIDE, 9)):
            view.draw(0, lambda number: original, 1, Random(seed))


def test_without_any_change_the_view_is_the_picture() -> None:
    original = make_picture(2)
    view = draw(RegionView(NONE), 1, index=2)
    assert np.array_equal(view.pixels, original.pixels)
    assert np.array_equal(view.boxes, original.boxes)
    square = draw(SquareView(NONE, 120, 9), 1, index=2)
    assert np.array_equal(square.pixels[15:105], original.pixels)
    assert np.array_equal(square.boxes, original.boxes + np.array([0, 15, 0, 15]))


def test_the_last_epochs_show_one_picture() -> None:
    view = make_view("letterbox", {"number_of_epochs": 30}, SIDE)
    labels = [
        {int(label) // 3 for seed in range(8) for label in draw(view, seed, epoch=epoch).labels} for epoch in (20, 21)
    ]
    assert labels == [{0, 1, 2, 3}, {0}]
    short = make_view("letterbox", {"number_of_epochs": 2}, SIDE)
    assert {int(label) // 3 for seed in range(8) for label in draw(short, seed, epoch=2).labels} == {0, 1, 2, 3}


def test_a_crop_holds_the_middle_of_some_box() -> None:
    original = make_picture(0)
    sizes = set()
    for seed in range(30):
        part = crop_around_boxes(original, 0.3, Random(seed))
        sizes.add(part.pixels.shape)
        assert part.pixels.shape[0] >= int(90 * 0.3)
        assert part.pixels.shape[1] >= int(120 * 0.3)
        assert len(part.boxes)
    assert (90, 120, 3) in sizes
    assert len(sizes) > 15


def test_expansion_shows_the_whole_picture_smaller_on_more() -> None:
    original = make_picture(0)
    shares = []
    for seed in range(30):
        view = expand_canvas(original, 2.0, Random(seed))
        left, top = (view.boxes[0] - original.boxes[0])[:2].astype(int)
        assert np.array_equal(view.pixels[top : top + 90, left : left + 120], original.pixels)
        shares.append(view.pixels.shape[0] / 90)
    assert 1 <= min(shares) < 1.2
    assert 1.8 < max(shares) <= 2


def test_what_is_left_decides_who_stays() -> None:
    pixels = np.zeros((50, 50, 3), np.uint8)
    left = [LEAST_PART - 0.02, LEAST_PART + 0.02]
    boxes = np.array([[-100 * (1 - part), 10, 100 * part, 20] for part in left] + [[48.5, 0, 60, 40]], dtype=np.float32)
    image = ObjectImage(pixels, boxes, np.arange(3))
    kept = keep_visible(image, measure(image))
    assert kept.labels.tolist() == [1]
    np.testing.assert_allclose(kept.boxes[0], [0, 10, 22, 20], atol=1e-4)


def test_masks_are_placed_as_the_picture_is() -> None:
    view = place_in_square(make_picture(3, 90, 160, has_masks=True), SIDE)
    check_objects(view)
