"""COCO's numbers of a validation set: our scoring from arrays, and faster-coco-eval alone from its own structures.

Alone means annotations that are dictionaries already: index them, load the results, evaluate, summarise. Both take
turns in one process and are timed by the processor, so that neither gains from what else the machine does.

    python -m benchmarks.coco_evaluation [--images 5000] [--objects 20] [--labels 80] [--rounds 3] [--masks]
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from functools import partial
from typing import Any

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster
from faster_coco_eval.core import mask as coco_masks

from vision.metrics.detection.coco import score_coco
from vision.metrics.detection.objects import FoundObjects, Rle, TrueObjects

TARGET = 1.1
WIDTH, HEIGHT = 500, 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--objects", type=int, default=20, help="true objects an image, and as many finds")
    parser.add_argument("--labels", type=int, default=80)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--masks", action="store_true", help="masks instead of boxes")
    options = parser.parse_args()
    truth, found = draw(options.images, options.objects, options.labels, options.masks)
    times: dict[str, list[float]] = {"alone": [], "ours": []}
    answers: dict[str, list[float]] = {}
    for _ in range(options.rounds):
        for name, score in (
            ("alone", partial(score_alone, *describe(truth, found, options.labels, options.masks), options.masks)),
            ("ours", partial(score_ours, truth, found, options)),
        ):
            gc.collect()
            started = time.process_time()
            answers[name] = score()
            times[name].append(time.process_time() - started)
    np.testing.assert_allclose(answers["ours"], answers["alone"], atol=1e-9)
    report(times, options)


def draw(images: int, objects: int, labels: int, masks: bool) -> tuple[list[TrueObjects], list[FoundObjects]]:
    random = np.random.default_rng(0)
    truth, found = [], []
    for _ in range(images):
        corner = random.uniform(0, (WIDTH - 60, HEIGHT - 60), (objects, 2))
        boxes = np.concatenate([corner, np.minimum(corner + random.uniform(10, 150, (objects, 2)), (WIDTH, HEIGHT))], 1)
        label = random.integers(0, labels, objects)
        near = np.clip(boxes + random.normal(0, 4, boxes.shape), 0, (WIDTH, HEIGHT, WIDTH, HEIGHT))
        near[:, 2:] = np.maximum(near[:, 2:], near[:, :2] + 1)
        scores = -np.sort(-random.random(objects))
        crowd = np.zeros(objects, dtype=np.bool_)
        truth.append(TrueObjects(WIDTH, HEIGHT, boxes, label, crowd, fill(boxes) if masks else None))
        found.append(FoundObjects(near, label, scores, fill(near) if masks else None))
    return truth, found


def fill(boxes: np.ndarray) -> list[Rle]:
    """The ellipses in the boxes."""
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    points = middle[:, None] + half[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return coco_masks.frPyObjects(points.reshape(len(boxes), -1).tolist(), HEIGHT, WIDTH)


def describe(
    truth: list[TrueObjects], found: list[FoundObjects], labels: int, masks: bool
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the library starts from: a data set in COCO's format and a list of results."""

    def rows(objects: TrueObjects | FoundObjects, image: int) -> list[dict[str, Any]]:
        described = []
        for index, (left, top, right, bottom) in enumerate(objects.boxes.tolist()):
            shape = (
                {"segmentation": objects.masks[index]} if masks else {"bbox": [left, top, right - left, bottom - top]}
            )
            described.append({"image_id": image, "category_id": int(objects.labels[index]), **shape})
        return described

    annotations = [row for image, one in enumerate(truth) for row in rows(one, image)]
    areas = [coco_masks.area(row["segmentation"]) if masks else row["bbox"][2] * row["bbox"][3] for row in annotations]
    for index, (row, area) in enumerate(zip(annotations, areas, strict=True), start=1):
        row |= {"id": index, "area": float(area), "iscrowd": 0}
    results = [
        row | {"score": float(score)}
        for image, one in enumerate(found)
        for row, score in zip(rows(one, image), one.scores, strict=True)
    ]
    images = [{"id": image, "width": WIDTH, "height": HEIGHT} for image in range(len(truth))]
    return {"images": images, "annotations": annotations, "categories": [{"id": n} for n in range(labels)]}, results


def score_alone(dataset: dict[str, Any], results: list[dict[str, Any]], masks: bool) -> list[float]:
    known = COCO(dataset)
    scorer = COCOeval_faster(known, known.loadRes(results), "segm" if masks else "bbox")
    scorer.run()
    return scorer.stats.tolist()


def score_ours(truth: list[TrueObjects], found: list[FoundObjects], options: argparse.Namespace) -> list[float]:
    scores = score_coco(truth, found, options.labels, by_masks=options.masks)
    return [-1.0 if value is None else value for value in scores.numbers.values()]


def report(times: dict[str, list[float]], options: argparse.Namespace) -> None:
    shape = "masks" if options.masks else "boxes"
    print(f"{options.images} images × {options.objects} {shape}, {options.labels} labels, {options.rounds} rounds")
    for name, seconds in times.items():
        print(f"  {name:6} {statistics.median(seconds):6.2f} s of processor time (lowest {min(seconds):.2f})")
    ratio = statistics.median(ours / alone for ours, alone in zip(times["ours"], times["alone"], strict=True))
    print(f"  ours / alone {ratio:.2f}, at most {TARGET} wanted: {'reached' if ratio <= TARGET else 'MISSED'}")


if __name__ == "__main__":
    main()
