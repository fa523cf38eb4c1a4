"""An epoch of each task type: our loop against the plain loop of the library it stands on.

Multi-class against timm's, multi-label against the same with its loss, boxes and masks against torchvision's reference,
YOLOv5 against ultralytics' own trainer. The same network, images, batches, sizes and augmentation, no worker processes,
float32; epochs of the two take turns in one process. Building the network counts for neither; ours fills its cache of
decoded images in its first epoch.

    python -m benchmarks.library_epochs [--case timm ...] [--images 120] [--epochs 3]
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks._engine import our_epochs
from benchmarks.libraries import timm_loop, torchvision_loop, ultralytics_loop
from tests.vision.training.resolved_runs import Row, make_resolved_run, render_sample
from vision.catalog.task_types import TaskType
from vision.training.inputs.fill import usable_cpus

TARGET = 1.0
SIDE = 224
SIZES = {"min_size": 192, "max_size": 256}
SQUARE = 256
Epochs = Callable[[Path, Sequence[Row], list[str], int], Iterator[float]]


@dataclass(frozen=True)
class Case:
    task_type: TaskType
    settings: dict[str, Any]
    library: Epochs


def _timm(folder: Path, rows: Sequence[Row], names: list[str], epochs: int) -> Iterator[float]:
    return timm_loop.run_epochs(timm_loop.write_folders(folder, rows), "resnet18", names, 16, SIDE, 0.01)


def _multilabel(folder: Path, rows: Sequence[Row], names: list[str], epochs: int) -> Iterator[float]:
    folders = timm_loop.write_folders(folder, rows)
    return timm_loop.run_epochs(folders, "resnet18", names, 16, SIDE, 0.01, is_multilabel=True)


def _boxes(folder: Path, rows: Sequence[Row], names: list[str], epochs: int) -> Iterator[float]:
    return torchvision_loop.run_epochs(rows, names, False, 4, SIZES, 3e-4)


def _masks(folder: Path, rows: Sequence[Row], names: list[str], epochs: int) -> Iterator[float]:
    return torchvision_loop.run_epochs(rows, names, True, 4, SIZES, 3e-4)


def _ultralytics(folder: Path, rows: Sequence[Row], names: list[str], epochs: int) -> Iterator[float]:
    data = ultralytics_loop.write_yolo(folder, rows, names)
    return ultralytics_loop.run_epochs(data, epochs, 16, SQUARE, 1e-3)


_COMMON = {"pretrained": "none", "mixed_precision": "off", "number_of_workers": 0}
_FLIP = {"augmentations": '{"preset": "none", "flip": true}'}
_RCNN = {**_COMMON, **_FLIP, **SIZES, "training_batch_size": 4, "optimizer": "adamw", "learning_rate": 3e-4}
_RESNET = {**_COMMON, "model_name": "resnet18", "training_batch_size": 16, "optimizer": "sgd", "learning_rate": 0.01}
CASES = {
    "timm": Case(TaskType.CLASSIFICATION, _RESNET, _timm),
    "multilabel": Case(TaskType.MULTILABEL, _RESNET, _multilabel),
    "boxes": Case(TaskType.DETECTION, {**_RCNN, "model_name": "fasterrcnn_resnet18_fpn"}, _boxes),
    "masks": Case(TaskType.SEGMENTATION, {**_RCNN, "model_name": "maskrcnn_resnet18_fpn"}, _masks),
    "ultralytics": Case(
        TaskType.DETECTION,
        {
            **_COMMON,
            "model_name": "yolov5",
            "model_size": "nano",
            "image_size": SQUARE,
            "training_batch_size": 16,
            "optimizer": "adamw",
            "learning_rate": 1e-3,
            "ema": True,
        },
        _ultralytics,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--images", type=int, default=120)
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    for name in options.case:
        folder = Path(tempfile.mkdtemp(prefix="library-epochs-"))
        try:
            compare(name, CASES[name], folder, options)
        finally:
            shutil.rmtree(folder)


def compare(name: str, case: Case, folder: Path, options: argparse.Namespace) -> None:
    rows = render_sample(case.task_type, folder, options.images)
    run = make_resolved_run(folder, case.task_type, rows, case.settings | {"number_of_epochs": options.epochs + 1})
    contestants = {
        "library": case.library(folder / "library", rows["train"], run.label_names, options.epochs),
        "ours": our_epochs(run),
    }
    seconds: dict[str, list[float]] = {who: [] for who in contestants}
    for _ in range(options.epochs):
        for who, epochs in contestants.items():
            torch.set_num_threads(usable_cpus())  # ultralytics takes one away
            seconds[who].append(next(epochs))
    for who, taken in seconds.items():
        print(f"{name}, {who}: {' '.join(f'{value:.2f}' for value in taken)} s", flush=True)
    ratio = sum(seconds["library"]) / sum(seconds["ours"])
    row = {"benchmark": "library_epochs", "case": name, "ratio": round(ratio, 3), "target": TARGET}
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
