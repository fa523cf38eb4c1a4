"""Training images as the parameters of a detector have them decoded and seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.vision.tasks.detection.splits import read_labels, write_scenes
from vision.spec.resolve import DataFacts, Machine, resolve_parameters
from vision.tasks.detection.datasets import TrainingImages
from vision.tasks.detection.training_views import make_training_images
from vision.training.inputs.source import ReducedDecoder

SIDES = (400, 300)
SQUARE = 128
TASK_TYPE = "image_object_detection"


def resolve_images(folder, given, sides=SIDES) -> TrainingImages:
    facts, machine = DataFacts(4, 4, 3, 2), Machine(2, 2**33, ())
    parameters = resolve_parameters(TASK_TYPE, given, facts, machine).values
    labels = read_labels(write_scenes(folder, sides=sides))
    return make_training_images(labels, TASK_TYPE, parameters["model_name"], parameters, folder / "cache", 3)


@pytest.mark.parametrize("preset", ["standard", "strong", "none"])
def test_squares_show_what_they_show_of_larger_images_fitted_time_and_again(tmp_path, preset):
    once = resolve_images(tmp_path, {"model_name": "yolov5", "image_size": SQUARE, "augmentations": preset})
    assert once.load(0).pixels.shape == (96, SQUARE, 3)
    again = replace(once, source=replace(once.source, decoder=ReducedDecoder(3 * SQUARE // 2)))
    assert again.load(0).pixels.shape == (192, 256, 3)
    for index in range(len(once)):
        (one,), (other,) = (images[2, index].views for images in (once, again))
        assert np.array_equal(one.objects.pixels, other.objects.pixels)
        np.testing.assert_allclose(one.objects.boxes, other.objects.boxes, atol=1e-4)
        assert np.array_equal(one.objects.labels, other.objects.labels)


def test_small_images_are_enlarged_when_they_are_seen_not_in_the_cache(tmp_path):
    images = resolve_images(tmp_path, {"model_name": "yolov5", "image_size": SQUARE}, sides=(64, 48))
    assert images.load(0).pixels.shape == (48, 64, 3)
    assert images[1, 0].views[0].objects.pixels.shape == (SQUARE, SQUARE, 3)


@pytest.mark.parametrize(
    ("given", "shape"),
    [
        ({"model_name": "fasterrcnn_resnet18_fpn", "min_size": 128, "max_size": 200}, (192, 256, 3)),
        ({"model_name": "yolov5", "image_size": SQUARE, "tile_grid_size": "2x2"}, (300, 400, 3)),
    ],
)
def test_detail_is_kept_for_views_that_enlarge_parts_and_for_tiles(tmp_path, given, shape):
    assert resolve_images(tmp_path, given).load(0).pixels.shape == shape
