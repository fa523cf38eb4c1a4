"""What each kind of network learns of the rendered sample, from scratch, in a quarter of an hour on this machine.

Settings are those a job resolves for a CPU, but for what each case names. A case fails where its bar is not reached.

    python -m benchmarks.sample_learning [--case yolov5 ...] [--minutes 15]
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.vision.training.resolved_runs import carry_out, make_resolved_run, render_sample
from tests.vision.training.runs import metrics_by_epoch
from vision.catalog.task_types import TaskType


@dataclass(frozen=True)
class Case:
    """`bar` is what the primary metric of the validation images must reach: mAP at an IoU of 0.5, or iou."""

    task_type: TaskType
    images: int
    bar: float
    settings: dict[str, Any]


_YOLO = {"model_size": "nano", "image_size": 256}
_RCNN = {
    "min_size": 128,
    "max_size": 176,
    "training_batch_size": 4,
    "learning_rate": 3e-4,
    "warmup_cosine_lr_warmup_epochs": 1,
}
_FLIP = {"augmentations": '{"preset": "none", "flip": true}'}  # so few epochs leave no time to learn more
_CROP = {"training_crop_size": 128, "validation_resize_size": 132, "validation_crop_size": 128}
CASES = {
    "yolov5": Case(TaskType.DETECTION, 300, 0.9, {"model_name": "yolov5", **_YOLO}),
    "fasterrcnn": Case(
        TaskType.DETECTION,
        200,
        0.85,
        {"model_name": "fasterrcnn_resnet18_fpn", **_RCNN, "number_of_epochs": 8},
    ),
    "retinanet": Case(
        TaskType.DETECTION,
        200,
        0.7,
        {
            "model_name": "retinanet_resnet18_fpn",
            **_RCNN,
            **_FLIP,
            "min_size": 192,  # its finest map is of stride 8, on which the thinnest parts would be a single place
            "max_size": 264,
            "learning_rate": 4e-4,
            "beta2": 0.99,
            "number_of_epochs": 10,
            "evaluation_frequency": 2,
        },
    ),
    "maskrcnn": Case(
        TaskType.SEGMENTATION,
        200,
        0.8,
        {
            "model_name": "maskrcnn_resnet18_fpn",
            **_RCNN,
            **_FLIP,
            "learning_rate": 5e-4,
            "number_of_epochs": 5,
            "evaluation_frequency": 5,
        },
    ),
    "yolov5_seg": Case(TaskType.SEGMENTATION, 300, 0.8, {"model_name": "yolov5_seg", **_YOLO}),
    "multilabel": Case(
        TaskType.MULTILABEL,
        1000,
        0.9,
        {"model_name": "resnet18", "optimizer": "adamw", "number_of_epochs": 18, "augmentations": "light", **_CROP},
    ),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--minutes", type=float, default=15)
    options = parser.parse_args()
    reached = [learn(name, CASES[name], options.minutes * 60) for name in options.case]
    if not all(reached):
        sys.exit(1)


def learn(name: str, case: Case, limit: float) -> bool:
    folder = Path(tempfile.mkdtemp(prefix="sample-learning-"))
    given = {"pretrained": "none", "random_seed": 1} | case.settings
    try:
        rows = render_sample(case.task_type, folder, case.images)
        run = make_resolved_run(folder, case.task_type, rows, given)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        finished = carry_out(run, limit)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    finally:
        shutil.rmtree(folder)
    reached = finished.completed["primary_metric"]
    metric = run.primary_metric
    by_epoch = metrics_by_epoch(finished.events)
    course = {epoch: round(values[metric], 3) for epoch, values in by_epoch.items() if metric in values}
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{name}: {metric} {reached:.3f} (bar {case.bar}) in epoch {finished.completed['best_epoch']}, ")
    print(
        f"  {finished.seconds:.0f} s, {used:.0f} s of processor; set: {case.settings}; by epoch: {course}", flush=True
    )
    return bool(reached >= case.bar)


if __name__ == "__main__":
    main()
