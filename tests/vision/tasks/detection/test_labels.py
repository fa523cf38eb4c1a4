from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as reference

from tests.vision.tasks.detection.splits import read_labels, write_cells
from tests.vision.training.object_runs import describe_object
from vision.errors import InvalidDatasetError
from vision.inference.finding import Found
from vision.inference.pasting import MaskPart
from vision.tasks.detection.labels import draw_masks
from vision.tasks.detection.results import compress_found, compress_part, merge_outputs

BOX = (0.1, 0.25, 0.5, 0.75)


def test_boxes_in_pixels_of_the_upright_image(tmp_path):
    cell = [describe_object("blue", BOX, False), describe_object("green", (0.0, 0.0, 1.0, 1.0), False, crowd=1)]
    objects = read_labels(write_cells(tmp_path, cell))[0]
    truth = objects.to_truth(100, 80)
    assert truth.boxes.tolist() == [[10.0, 20.0, 50.0, 60.0], [0.0, 0.0, 100.0, 80.0]]
    assert truth.labels.tolist() == [1, 2]
    assert truth.crowd.tolist() == [False, True]
    assert truth.masks is None
    assert objects.without_crowds().labels.tolist() == [1]


def test_polygons_become_the_masks_that_coco_makes_of_them(tmp_path):
    rings = [[0.1, 0.1, 0.42, 0.13, 0.3, 0.51], [0.6, 0.6, 0.9, 0.6, 0.9, 0.93, 0.61, 0.9]]
    cell = [{"label": "amber", "isCrowd": 0, "polygon": rings}]
    objects = read_labels(write_cells(tmp_path, cell), masks=True)[0]
    truth = objects.to_truth(100, 80)
    in_pixels = [[value * (80 if place % 2 else 100) for place, value in enumerate(ring)] for ring in rings]
    expected = reference.merge(reference.frPyObjects(in_pixels, 80, 100))
    assert truth.masks == [expected]
    assert truth.boxes[0] == pytest.approx([10.0, 8.0, 90.0, 74.4])
    drawn = draw_masks(objects.polygons, 100, 80)[0]
    assert (drawn != reference.decode(expected)).mean() < 0.01


def test_an_empty_cell_is_an_image_without_objects(tmp_path):
    truth = read_labels(write_cells(tmp_path, []), masks=True)[0].to_truth(100, 80)
    assert len(truth) == 0
    assert (truth.boxes.shape, truth.masks) == ((0, 4), [])


@pytest.mark.parametrize(
    ("cell", "masks", "reason"),
    [
        ([describe_object("red", BOX, False)], False, "'red', which is no label"),
        ([describe_object("blue", (0.5, 0.2, 0.5, 0.4), False)], False, "has no area"),
        ([{"label": "blue", "isCrowd": 0, "polygon": [[0.1, 0.1, 0.4, 0.4]]}], True, "three points"),
        ([{"label": "blue", "isCrowd": 0, "polygon": [[0.1, 0.1, 0.4, 0.1, 0.2, 0.1]]}], True, "has no area"),
        ([describe_object("blue", BOX, False)], True, "has no polygon"),
        ("blue", False, "no list of objects"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, cell, masks, reason):
    rows = write_cells(tmp_path, [describe_object("blue", BOX, masks)], cell)
    with pytest.raises(InvalidDatasetError, match=reason) as caught:
        read_labels(rows, masks).check()
    assert caught.value.message.startswith("train/1.jpg")


def test_objects_to_train_on_are_counted_without_crowds(tmp_path):
    cell = [describe_object("blue", BOX, False), describe_object("blue", BOX, False, crowd=1)]
    assert read_labels(write_cells(tmp_path, cell, [], cell)).check() == 2


@pytest.mark.parametrize("corner", [(0, 0), (13, 7), (60, 50)])
def test_a_part_of_a_mask_is_compressed_as_the_whole_would_be(corner):
    part = MaskPart((np.random.default_rng(1).random((30, 40)) < 0.6).astype(np.uint8), *corner)
    whole = np.zeros((80, 100), np.uint8)
    whole[part.top : part.top + 30, part.left : part.left + 40] = part.pixels
    assert compress_part(part, 100, 80) == reference.encode(np.asfortranarray(whole))


def test_a_full_and_an_empty_mask_are_compressed_too():
    full, empty = MaskPart(np.ones((80, 100), np.uint8), 0, 0), MaskPart(np.zeros((1, 1), np.uint8), 99, 79)
    assert reference.area(compress_part(full, 100, 80)) == 8000
    assert reference.area(compress_part(empty, 100, 80)) == 0


def test_outputs_are_merged_in_order_each_image_once():
    def found(score):
        return compress_found(Found(np.zeros((1, 4)), np.zeros(1, int), np.array([score])), 10, 10)

    import torch

    parts = [
        {"indices": torch.tensor([2, 0]), "found": [found(0.2), found(0.0)], "losses": [2.0, 0.5]},
        {"indices": torch.tensor([1, 0]), "found": [found(0.1), found(0.0)], "losses": [1.0, 0.5]},
    ]
    indices, objects, losses = merge_outputs(parts)
    assert (indices, losses) == ([0, 1, 2], [0.5, 1.0, 2.0])
    assert [one.scores[0] for one in objects] == [0.0, 0.1, 0.2]
