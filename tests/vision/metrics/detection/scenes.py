"""Sets of images with objects that were found more or less well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pycocotools import mask as coco_masks

from vision.metrics.detection.objects import FoundObjects, Rle, TrueObjects

WIDTH, HEIGHT = 240, 160
Box = Sequence[float]


def place(
    objects: Sequence[tuple[int, Box]], crowds: Sequence[int] = (), size: tuple[int, int] = (100, 100)
) -> TrueObjects:
    """Objects as (label, box); `crowds` are the indices of those that are crowds. Masks fill their boxes."""
    boxes = np.array([box for _, box in objects], dtype=np.float64).reshape(-1, 4)
    labels = np.array([label for label, _ in objects], dtype=np.int64)
    return TrueObjects(*size, boxes, labels, np.isin(np.arange(len(labels)), crowds), fill(boxes, *size))


def find(objects: Sequence[tuple[int, float, Box]], size: tuple[int, int] = (100, 100)) -> FoundObjects:
    """Finds as (label, score, box)."""
    boxes = np.array([box for *_, box in objects], dtype=np.float64).reshape(-1, 4)
    labels = np.array([label for label, *_ in objects], dtype=np.int64)
    scores = np.array([score for _, score, _ in objects], dtype=np.float64)
    return FoundObjects(boxes, labels, scores, fill(boxes, *size))


def draw_scenes(
    images: int = 60, labels: int = 4, seed: int = 0, *, crowds: float = 0.15
) -> tuple[list[TrueObjects], list[FoundObjects]]:
    """Random images: some hold nothing, some get no finds, some finds are where nothing is; scores in steps, so that
    some are equal. The last label but one is never there, the last never found."""
    random = np.random.default_rng(seed)
    scenes = [_draw_scene(random, labels, crowds) for _ in range(images)]
    return [truth for truth, _ in scenes], [found for _, found in scenes]


def fill(boxes: np.ndarray, width: int, height: int) -> list[Rle]:
    """Masks that are the ellipses in boxes at least 12 px wide and high, else the boxes."""
    angles = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    polygons = []
    for left, top, right, bottom in boxes:
        if min(right - left, bottom - top) < 12:
            polygons.append([left, top, right, top, right, bottom, left, bottom])
            continue
        x = (left + right) / 2 + np.cos(angles) * (right - left) / 2
        y = (top + bottom) / 2 + np.sin(angles) * (bottom - top) / 2
        polygons.append(np.stack([x, y], axis=1).ravel().tolist())
    return coco_masks.frPyObjects(polygons, height, width) if polygons else []


def _draw_scene(random: np.random.Generator, labels: int, crowds: float) -> tuple[TrueObjects, FoundObjects]:
    count = int(random.integers(0, 7))
    corner = random.uniform(0, (WIDTH - 110, HEIGHT - 110), (count, 2))
    boxes = np.concatenate([corner, corner + random.uniform(6, 110, (count, 2))], axis=1)
    present = [label for label in range(labels) if label != labels - 2]
    true_labels = random.choice(present, count)
    crowd = random.random(count) < crowds
    found_count = 0 if random.random() < 0.15 else int(random.integers(0, 14))
    if count:
        near = random.integers(0, count, found_count)
        start, guess = boxes[near], true_labels[near]
    else:
        start = np.tile([20.0, 20.0, 80.0, 90.0], (found_count, 1))
        guess = np.zeros(found_count, dtype=np.int64)
    moved = np.clip(start + random.normal(0, 9, (found_count, 4)), 0, (WIDTH, HEIGHT, WIDTH, HEIGHT))
    moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 3)
    guess = np.where(random.random(found_count) < 0.75, guess, random.integers(0, labels, found_count))
    guess = np.where(guess == labels - 1, 0, guess)
    scores = -np.sort(-random.integers(1, 40, found_count) / 40)
    size = WIDTH, HEIGHT
    return (
        TrueObjects(*size, boxes, true_labels.astype(np.int64), crowd, fill(boxes, *size)),
        FoundObjects(moved, guess.astype(np.int64), scores, fill(moved, *size)),
    )
