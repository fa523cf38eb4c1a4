from __future__ import annotations

from collections import Counter
from random import Random

import torch
from hypothesis import given
from hypothesis import strategies as st

from vision.architectures.detection import Targets
from vision.tasks.detection.augmentation import draw_scale, rescale_batch


@given(st.integers(0, 2**32), st.integers(64, 1280))
def test_sides_are_multiples_within_half_of_the_size(seed: int, size: int) -> None:
    side = draw_scale(Random(seed), size)
    assert side % 32 == 0
    assert size / 2 <= side <= size * 1.5


def test_every_side_is_as_likely() -> None:
    random = Random(3)
    drawn = Counter(draw_scale(random, 128) for _ in range(5000))
    assert sorted(drawn) == [64, 96, 128, 160, 192]
    assert min(drawn.values()) > 850


def test_a_tiny_size_has_one_side() -> None:
    assert draw_scale(Random(1), 16) == 32


def test_boxes_and_masks_go_along_with_the_images() -> None:
    images = torch.zeros(2, 3, 64, 64)
    masks = torch.zeros(2, 64, 64, dtype=torch.uint8)
    masks[0, 8:40, 16:32] = 1
    masks[1, 0:64, 0:32] = 1
    boxes = torch.tensor([[16.0, 8, 32, 40], [0, 0, 32, 64]])
    for place, (left, top, right, bottom) in enumerate(boxes.int().tolist()):
        images[place, :, top:bottom, left:right] = 1
    targets = Targets(boxes, torch.tensor([3, 4]), torch.tensor([0, 1]), masks)
    scaled, moved = rescale_batch(images, targets, 96)
    assert scaled.shape == (2, 3, 96, 96)
    assert moved.boxes.tolist() == [[24, 12, 48, 60], [0, 0, 48, 96]]
    assert moved.labels.tolist() == [3, 4]
    assert moved.masks is not None
    assert moved.masks.shape == (2, 96, 96)
    assert moved.masks.dtype == torch.uint8
    for place, (left, top, right, bottom) in enumerate(moved.boxes.int().tolist()):
        inside = scaled[place, 0, top:bottom, left:right]
        assert inside.mean() > 0.97
        assert abs(float(scaled[place, 0].sum()) / inside.numel() - 1) < 0.05
        assert moved.masks[place, top:bottom, left:right].all()
        assert int(moved.masks[place].sum()) == inside.numel()


def test_the_size_it_has_costs_nothing() -> None:
    images, nothing = torch.rand(1, 3, 64, 64), Targets(torch.zeros(0, 4), torch.zeros(0), torch.zeros(0))
    assert rescale_batch(images, nothing, 64) == (images, nothing)
