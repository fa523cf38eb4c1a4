"""Samples and batches: what the network is given, and that boxes and masks stay on their objects."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from tests.vision.tasks.detection.splits import PlainView, read_labels, write_cells, write_scenes
from tests.vision.training.object_runs import describe_object
from tests.vision.training.runs import COLOURS
from vision.inference.fitting import Letterbox, ShorterSide
from vision.inference.tiling import Tiling
from vision.inference.views import group_views
from vision.tasks.detection.batches import Collator, read_placements, read_targets, select_views
from vision.tasks.detection.datasets import EvaluationImages, FittedDecoder, TrainingImages, WholeDecoder
from vision.tasks.detection.images import ObjectImage
from vision.tasks.detection.tiles import cut_tile
from vision.training.inputs.source import ImageSource, ReducedDecoder

FITTINGS = [ShorterSide(64, 100), Letterbox(96)]


def training_images(rows, folder, fitting, masks=False, tiling=None, view=None, side=64):
    source = ImageSource(rows, ReducedDecoder(side), folder / "cache")
    return TrainingImages(source, read_labels(rows, masks), view or PlainView(), fitting, 3, tiling)


def evaluation_images(rows, folder, fitting, masks=False, tiling=None, has_targets=True):
    decoder = WholeDecoder() if tiling else FittedDecoder(fitting)
    source = ImageSource(rows, decoder, folder / "cache")
    return EvaluationImages(source, read_labels(rows, masks), fitting, has_targets, tiling)


def assert_boxes_lie_on_their_colours(objects: ObjectImage):
    names = sorted(COLOURS)
    for box, label in zip(objects.boxes, objects.labels, strict=True):
        left, top, right, bottom = np.round(box).astype(int)
        if min(right - left, bottom - top) < 8:
            continue  # of what a tile cuts off so small, nothing but edges is left
        inside = objects.pixels[top + 2 : bottom - 2, left + 2 : right - 2].mean(axis=(0, 1))
        assert np.abs(inside - COLOURS[names[label]]).max() < 25


@pytest.mark.parametrize("fitting", FITTINGS)
@pytest.mark.parametrize("masks", [False, True])
def test_boxes_and_masks_stay_on_their_objects(tmp_path, fitting, masks):
    rows = write_scenes(tmp_path, masks=masks)
    training, evaluation = (
        training_images(rows, tmp_path, fitting, masks),
        evaluation_images(rows, tmp_path, fitting, masks),
    )
    for index in range(len(rows)):
        for sample in (training[1, index], evaluation[0, index]):
            (view,) = sample.views
            assert_boxes_lie_on_their_colours(view.objects)
            if masks:
                assert view.objects.masks.shape[1:] == view.objects.pixels.shape[:2]
                for mask, (left, top, right, bottom) in zip(view.objects.masks, view.objects.boxes, strict=True):
                    assert mask.sum() == pytest.approx((right - left) * (bottom - top), rel=0.12)
            else:
                assert view.objects.masks is None


def test_an_image_is_decoded_no_larger_than_training_needs(tmp_path):
    rows = write_scenes(tmp_path, 1, sides=(400, 300))
    dataset = training_images(rows, tmp_path, ShorterSide(64, 100), side=96)
    assert dataset.load(0).pixels.shape == (96, 128, 3)
    assert_boxes_lie_on_their_colours(dataset.load(0))


def test_a_sample_depends_on_seed_epoch_and_index_alone(tmp_path):
    class Shifted:
        def draw(self, index, load, count, random, epoch=1):
            image = load(index)
            return ObjectImage(np.roll(image.pixels, random.randrange(50), 1), image.boxes, image.labels)

    rows = write_scenes(tmp_path)
    dataset = training_images(rows, tmp_path, FITTINGS[0], view=Shifted())
    keys = [[(1, 0), (1, 2)], [(2, 0), (1, 3)]]
    first = list(DataLoader(dataset, batch_sampler=keys, collate_fn=list))
    again = list(DataLoader(dataset, batch_sampler=keys[::-1], collate_fn=list, num_workers=1))[::-1]
    for one, other in zip(chain(*first), chain(*again), strict=True):
        assert (one.views[0].objects.pixels == other.views[0].objects.pixels).all()
    assert (first[0][0].views[0].objects.pixels != first[1][0].views[0].objects.pixels).any()


def test_crowds_are_not_trained_on(tmp_path):
    cell = [describe_object("blue", (0.1, 0.1, 0.5, 0.5), True), describe_object("green", (0, 0, 1, 1), True, crowd=1)]
    rows = write_cells(tmp_path, cell)
    for dataset in (
        training_images(rows, tmp_path, FITTINGS[0], True),
        evaluation_images(rows, tmp_path, FITTINGS[0], True),
    ):
        assert dataset[0, 0].views[0].objects.labels.tolist() == [1]
        assert len(dataset[0, 0].views[0].objects.masks) == 1


def test_what_is_thinner_than_a_pixel_of_the_network_is_left_out(tmp_path):
    rows = write_cells(tmp_path, [describe_object("blue", (0.1, 0.1, 0.105, 0.9), False)])
    assert len(training_images(rows, tmp_path, ShorterSide(40, 60))[1, 0].views[0].objects.labels) == 0


def test_tiles_are_samples_of_their_own_in_training(tmp_path):
    rows = write_scenes(tmp_path, sides=(192, 160))
    tiling = Tiling(2, 2, 0.25, 0.5)
    dataset = training_images(rows, tmp_path, ShorterSide(64, 100), tiling=tiling, side=160)
    assert len(dataset) == 5 * len(rows)
    for number in range(len(dataset)):
        assert dataset[1, number].index == number % len(rows)
        assert_boxes_lie_on_their_colours(dataset[1, number].views[0].objects)
    whole, tile = dataset[1, 0].views[0].objects, dataset[1, 4].views[0].objects
    assert whole.pixels.shape[0] == tile.pixels.shape[0] == 64


def test_of_an_object_a_quarter_must_show_in_a_tile():
    boxes = np.array([[0, 0, 20, 20], [8, 0, 16, 10], [30, 30, 40, 40]], np.float32)
    image = ObjectImage(np.zeros((40, 40, 3), np.uint8), boxes, np.array([0, 1, 2]), np.ones((3, 40, 40), np.uint8))
    part = cut_tile(image, (14, 5, 34, 35))
    # A third of the second box's width by half of its height shows (a sixth), of the first 6 × 15 of 20 × 20.
    assert part.labels.tolist() == []
    part = cut_tile(image, (10, 5, 36, 36))
    assert part.labels.tolist() == [0, 1, 2]
    assert part.boxes.tolist() == [[0, 0, 10, 15], [0, 0, 6, 5], [20, 25, 26, 31]]
    assert part.masks.shape == (3, 31, 26)


def test_evaluation_looks_at_the_whole_and_its_tiles(tmp_path):
    rows = write_scenes(tmp_path, sides=(192, 160))
    tiling = Tiling(2, 1, 0.25, 0.5)
    sample = evaluation_images(rows, tmp_path, ShorterSide(64, 120), tiling=tiling)[0, 1]
    assert (sample.width, sample.height, len(sample.views)) == (192, 160, 3)
    for view in sample.views:
        assert_boxes_lie_on_their_colours(view.objects)
    truth = read_labels(rows)[1].to_truth(192, 160)
    assert sample.views[0].placement.to_image(sample.views[0].objects.boxes) == pytest.approx(truth.boxes, abs=1e-3)


def test_without_a_loss_no_objects_come_along(tmp_path):
    rows = write_scenes(tmp_path, masks=True)
    view = evaluation_images(rows, tmp_path, FITTINGS[0], True, has_targets=False)[0, 0].views[0]
    assert (len(view.objects.labels), view.objects.masks.shape[0]) == (0, 0)


def test_a_batch_is_tensors_alone(tmp_path):
    rows = write_scenes(tmp_path, masks=True)
    dataset = evaluation_images(rows, tmp_path, ShorterSide(50, 100), True)
    batch = Collator(32, (1, 2, 3))([dataset[0, index] for index in (2, 0)])
    assert all(isinstance(value, torch.Tensor) for value in batch.values())
    assert batch["images"].shape == (2, 64, 64, 3)
    assert batch["sizes"].tolist() == [[50, 60], [50, 60]]
    assert batch["indices"].tolist() == [2, 0]
    assert batch["image"].tolist() == [0, 0, 0, 1]
    assert batch["masks"].shape == (4, 64, 64)
    assert batch["masks"][:, 50:].sum() == 0
    assert batch["image_sizes"].tolist() == [[96, 80]] * 2
    assert read_placements(batch)[0] == dataset[0, 2].views[0].placement
    assert read_targets(batch).of(1).labels.tolist() == dataset[0, 0].views[0].objects.labels.tolist()


def test_views_of_one_shape_are_taken_out_of_a_batch(tmp_path):
    small, large = write_scenes(tmp_path / "a", 2, True, (60, 40)), write_scenes(tmp_path / "b", 2, True, (60, 150))
    samples = [
        evaluation_images(rows, tmp_path / "c", ShorterSide(40, 100), True)[0, index]
        for rows, index in ((small, 0), (large, 1), (small, 1))
    ]
    batch = Collator(32, (1, 2, 3))(samples)
    groups = group_views(batch["sizes"], 32, 8)
    assert [group.places for group in groups] == [[0, 2], [1]]
    part = select_views(batch, groups[0])
    alone = Collator(32, (1, 2, 3))([samples[0], samples[2]])
    for name, value in part.items():
        assert torch.equal(value, alone[name]), name
