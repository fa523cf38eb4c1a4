"""From views to objects of the image: placing, tiles, masks, merging."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.models.detection.roi_heads import paste_masks_in_image

from vision.architectures.detection import Detections
from vision.inference.finding import Finder
from vision.inference.fitting import Letterbox, Placement, ShorterSide, Stretch
from vision.inference.pasting import paste_box_mask, paste_image_mask
from vision.inference.tiling import Tiling
from vision.inference.views import group_views, make_views, stack_views

WIDTH, HEIGHT = 120, 90


@pytest.mark.parametrize("fitting", [ShorterSide(64, 100), ShorterSide(200, 220), Letterbox(64), Stretch(48, 96)])
def test_boxes_come_back_from_the_networks_image(fitting):
    pixels = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    fitted, placement = fitting.fit(pixels)
    boxes = np.array([[0.0, 0.0, WIDTH, HEIGHT], [10.5, 20.25, 60.0, 33.0]])
    there = placement.to_input(boxes)
    assert placement.to_image(there) == pytest.approx(boxes)
    assert there[0] == pytest.approx(
        [placement.left, placement.top, placement.left + placement.width, placement.top + placement.height]
    )
    assert fitted.shape[:2] == fitting.frame(placement)


def test_a_letterbox_shows_the_image_in_the_middle():
    fitted, placement = Letterbox(64).fit(np.full((HEIGHT, WIDTH, 3), 7, np.uint8))
    inside = fitted[int(placement.top) : int(placement.top) + placement.height]
    assert (inside == 7).all()
    assert (np.delete(fitted, range(int(placement.top), int(placement.top) + placement.height), axis=0) == 114).all()
    assert placement.height == 48


@pytest.mark.parametrize("tiling", [Tiling(3, 2, 0.25, 0.5), Tiling(1, 4, 0.0, 0.5), Tiling(5, 3, 0.9, 0.5)])
@pytest.mark.parametrize("size", [(WIDTH, HEIGHT), (31, 17)])
def test_tiles_cover_the_image_and_overlap(tiling, size):
    width, height = size
    tiles = tiling.cut(width, height)
    assert len(tiles) == tiling.passes - 1 == tiling.across * tiling.down
    covered = np.zeros((height, width), bool)
    for left, top, right, bottom in tiles:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        covered[top:bottom, left:right] = True
    assert covered.all()
    if tiling.across > 1 and width == WIDTH:
        first, second = tiles[0], tiles[1]
        assert (first[2] - second[0]) / (first[2] - first[0]) == pytest.approx(tiling.overlap, abs=0.05)


def test_a_tile_says_where_the_whole_image_lies_in_it():
    pixels = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    tiling = Tiling(2, 1, 0.25, 0.5)
    views = make_views(pixels, ShorterSide(180, 300), tiling)
    assert len(views) == 3
    left, top, right, bottom = tiling.cut(WIDTH, HEIGHT)[1]
    corners = views[2].placement.to_input(np.array([[left, top, right, bottom]], dtype=float))
    assert corners[0] == pytest.approx([0, 0, views[2].pixels.shape[1], views[2].pixels.shape[0]], abs=1e-6)


def test_views_are_filled_up_to_the_stride():
    views = [np.full((30, 40, 3), 1, np.uint8), np.full((33, 20, 3), 2, np.uint8)]
    images, sizes = stack_views(views, 32, (9, 8, 7))
    assert images.shape == (2, 64, 64, 3)
    assert sizes.tolist() == [[30, 40], [33, 20]]
    assert (images[0, :30, :40] == 1).all()
    assert (images[1, 33:] == torch.tensor([9, 8, 7])).all()
    assert (images[1, :33, 20:] == torch.tensor([9, 8, 7])).all()


def test_only_views_of_one_shape_go_together():
    sizes = torch.tensor([[30, 40], [60, 40], [31, 64], [20, 33], [32, 64]])
    groups = group_views(sizes, 32, 3)
    assert [(group.places, group.height, group.width) for group in groups] == [
        ([0, 2, 3], 32, 64),
        ([4], 32, 64),
        ([1], 64, 64),
    ]


@pytest.mark.parametrize("box", [[10.3, 20.7, 60.2, 70.9], [-3.0, -2.5, 30.0, 40.0], [100.0, 80.0, 125.0, 95.0]])
def test_box_masks_are_pasted_as_torchvision_pastes_them(box):
    mask = torch.rand(28, 28, generator=torch.Generator().manual_seed(1))
    expected = paste_masks_in_image(mask[None, None], torch.tensor([box]), (HEIGHT, WIDTH))[0, 0] >= 0.5
    part = paste_box_mask(mask, np.array(box), WIDTH, HEIGHT, 0.5)
    whole = np.zeros((HEIGHT, WIDTH), np.uint8)
    whole[part.top : part.top + part.pixels.shape[0], part.left : part.left + part.pixels.shape[1]] = part.pixels
    assert (whole == expected.numpy()).all()


def test_masks_of_the_networks_image_come_back_to_the_image():
    fitting = Letterbox(60)
    truth = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    truth[20:60, 30:90] = 255
    fitted, placement = fitting.fit(truth)
    box = np.array([30.0, 20.0, 90.0, 60.0])
    part = paste_image_mask(torch.from_numpy(fitted[..., 0] / np.float32(255)), box, placement, WIDTH, HEIGHT, 0.5)
    assert (part.left, part.top, part.pixels.shape) == (30, 20, (40, 60))
    assert part.pixels.mean() > 0.97


def test_coarse_masks_of_the_networks_image_come_back_to_the_image():
    fitting = Letterbox(240)
    truth = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    truth[20:60, 30:90] = 255
    truth[20:40, 30:60] = 0  # an L, so that a mirrored or shifted mask shows
    fitted, placement = fitting.fit(truth)
    coarse = fitted[..., 0].reshape(60, 4, 60, 4).mean(axis=(1, 3)).astype(np.float32) / 255
    box = placement.to_input(np.array([[30.0, 20.0, 90.0, 60.0]]))[0].tolist()
    one = detections((box, 0, 0.9), masks=torch.from_numpy(coarse)[None])
    (part,) = Finder("image", 0.5, 10, mask_stride=4).find([(one, placement)], WIDTH, HEIGHT).masks
    assert (part.left, part.top) == (30, 20)
    expected = truth[20 : 20 + part.pixels.shape[0], 30 : 30 + part.pixels.shape[1], 0] > 0
    assert (part.pixels == expected).mean() > 0.98


def detections(*rows, masks=None):
    boxes, labels, scores = zip(*rows, strict=True)
    return Detections(torch.tensor(boxes, dtype=torch.float32), torch.tensor(labels), torch.tensor(scores), masks)


def test_found_boxes_are_cut_off_at_the_image_and_empty_ones_left_out():
    placement = Placement(0.5, 0.5, 4.0, 0.0, 60, 45)
    found = Finder(None, 0.5, 10).find(
        [(detections(((0.0, 5.0, 34.0, 80.0), 1, 0.9), ((0.0, 0.0, 3.0, 9.0), 0, 0.8)), placement)], WIDTH, HEIGHT
    )
    assert found.boxes.tolist() == [[0.0, 10.0, 60.0, 90.0]]
    assert found.labels.tolist() == [1]


def test_tiles_are_merged_by_class():
    tiling = Tiling(2, 1, 0.25, 0.25)
    whole = Placement(1.0, 1.0, 0.0, 0.0, WIDTH, HEIGHT)
    tile = Placement(2.0, 2.0, -100.0, 0.0, 140, 180)
    found = Finder(None, 0.5, 10, tiling).find(
        [
            (detections(((60.0, 10.0, 80.0, 30.0), 0, 0.7), ((62.0, 12.0, 82.0, 32.0), 1, 0.6)), whole),
            (detections(((20.0, 20.0, 62.0, 60.0), 0, 0.9), ((120.0, 20.0, 130.0, 40.0), 0, 0.5)), tile),
        ],
        WIDTH,
        HEIGHT,
    )
    # The tile's box of class 0 is the same object as the whole image's, the box of class 1 is another.
    assert found.scores.tolist() == pytest.approx([0.9, 0.6, 0.5])
    assert found.labels.tolist() == [0, 1, 0]
    assert found.boxes[0].tolist() == pytest.approx([60.0, 10.0, 81.0, 30.0])


def test_at_most_so_many_an_image():
    placement = Placement(1.0, 1.0, 0.0, 0.0, WIDTH, HEIGHT)
    rows = [((10.0 * n, 0.0, 10.0 * n + 5, 5.0), 0, 0.9 - 0.1 * n) for n in range(5)]
    found = Finder("box", 0.5, 2).find([(detections(*rows, masks=torch.ones(5, 4, 4)), placement)], WIDTH, HEIGHT)
    assert found.scores.tolist() == pytest.approx([0.9, 0.8])
    assert len(found.masks) == 2
