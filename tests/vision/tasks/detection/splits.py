"""Rows of images with objects, drawn into a folder."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tests.vision.training.object_runs import draw_scene
from tests.vision.training.runs import COLOURS, write_rows
from vision.tasks.detection.images import ObjectImage
from vision.tasks.detection.labels import SplitLabels
from vision.training.inputs.rows import ImageRows, read_rows

NAMES = sorted(COLOURS)


class PlainView:
    """The image as it is."""

    def draw(self, index, load, count, random, epoch=1) -> ObjectImage:
        return load(index)


def write_cells(folder, *cells, size=(100, 80)) -> ImageRows:
    """One noisy image a cell."""
    random = np.random.default_rng(0)
    images = [Image.fromarray(random.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)) for _ in cells]
    rows = [(f"{number}.jpg", image, cell) for number, (image, cell) in enumerate(zip(images, cells, strict=True))]
    return read_rows(write_rows(folder, "train", rows), folder / "images")


def write_scenes(folder, images=4, masks=False, sides=(96, 80)) -> ImageRows:
    random = np.random.default_rng(3)
    drawn = [draw_scene(random, 1 + number % 3, masks, sides) for number in range(images)]
    rows = [(f"{number}.jpg", image, cell) for number, (image, cell) in enumerate(drawn)]
    return read_rows(write_rows(folder, "train", rows), folder / "images")


def read_labels(rows, masks=False) -> SplitLabels:
    return SplitLabels(rows, NAMES, masks)
