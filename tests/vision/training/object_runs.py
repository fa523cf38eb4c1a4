"""Small runs over images with objects on them: coloured rectangles, as boxes or as polygons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.vision.training.runs import COLOURS, make_run, write_rows
from vision.catalog.task_types import TaskType
from vision.training.run_document import RunDocument

SIDES = (96, 80)  # px, width and height
OBJECT_PARAMETERS: dict[str, Any] = {
    "number_of_epochs": 2,
    "training_batch_size": 4,
    "validation_batch_size": 2,
    "learning_rate": 0.003,
    "optimizer": "adamw",
    "min_size": 64,
    "max_size": 96,
    "image_size": 64,
    "model_size": "nano",
    "box_score_threshold": 0.3,
    "nms_iou_threshold": 0.5,
    "box_detections_per_image": 20,
    "validation_metric_type": "voc",
    "validation_iou_threshold": 0.5,
    "tile_overlap_ratio": 0.25,
    "tile_predictions_nms_threshold": 0.25,
    "mask_pixel_score_threshold": 0.5,
    "max_number_of_polygon_points": 100,
    "proposals": "reduced",
}


def make_object_run(
    folder: Path, architecture: str, images: int = 12, masks: bool = False, **changes: Any
) -> RunDocument:
    """A run over `images` training images of `SIDES` with one to three objects each, half as many validated; every
    sixth image is empty."""
    fields = {
        "task_type": TaskType.SEGMENTATION if masks else TaskType.DETECTION,
        "architecture": architecture,
        "label_names": sorted(COLOURS),
        "primary_metric": "mean_average_precision",
    }
    run = make_run(folder, images=1, **(fields | OBJECT_PARAMETERS | {"model_name": architecture} | changes))
    write_objects(folder, "train", images, seed=1, masks=masks)
    write_objects(folder, "validation", max(1, images // 2), seed=2, masks=masks)
    return run


def write_objects(folder: Path, split: str, images: int, seed: int, masks: bool = False) -> Path:
    """Draw the images of a split."""
    random = np.random.default_rng(seed)
    drawn = [draw_scene(random, 0 if number % 6 == 5 else 1 + number % 3, masks) for number in range(images)]
    return write_rows(folder, split, [(f"{n}.jpg", image, cell) for n, (image, cell) in enumerate(drawn)])


def draw_scene(
    random: np.random.Generator, count: int, masks: bool = False, sides: tuple[int, int] = SIDES
) -> tuple[Image.Image, list[dict[str, Any]]]:
    """A grey image with `count` coloured rectangles side by side, and its label cell."""
    width, height = sides
    pixels = random.normal(110, 12, (height, width, 3))
    cell = []
    for place in range(count):
        name = sorted(COLOURS)[int(random.integers(3))]
        room = width // count
        wide, high = int(random.integers(18, min(30, room - 2))), int(random.integers(18, 40))
        left = place * room + int(random.integers(1, room - wide))
        top = int(random.integers(1, height - high - 1))
        pixels[top : top + high, left : left + wide] = np.array(COLOURS[name]) + random.normal(0, 12, (high, wide, 3))
        box = (left / width, top / height, (left + wide) / width, (top + high) / height)
        cell.append(describe_object(name, box, masks))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), cell


def describe_object(name: str, box: tuple[float, float, float, float], masks: bool, crowd: int = 0) -> dict[str, Any]:
    """An entry of a label cell: a box, or the ring around it."""
    left, top, right, bottom = box
    if masks:
        return {"label": name, "isCrowd": crowd, "polygon": [[left, top, right, top, right, bottom, left, bottom]]}
    return {"label": name, "topX": left, "topY": top, "bottomX": right, "bottomY": bottom, "isCrowd": crowd}
