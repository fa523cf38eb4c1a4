"""Training from JPEGs, images a second: our loop against a plain PyTorch + torchvision + PIL loop.

Same network, images, crops, batches, optimizer and worker processes; epochs of the two take turns in one process.
Ours pays for filling its cache of decoded images in its first epoch.

    python -m benchmarks.training_throughput [--images 96] [--epochs 3] [--architecture mobilenetv2] [--workers 2]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from benchmarks._engine import our_epochs
from tests.vision.training.runs import PARAMETERS, write_rows
from vision.architectures import build_architecture
from vision.training.inputs.rows import ImageRows, read_rows
from vision.training.run_document import RunDocument

CLASSES = 5
TARGET = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--side", type=int, default=1024, help="longer side of the rendered JPEGs")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--architecture", default="mobilenetv2")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="throughput-"))
    try:
        compare(folder, options)
    finally:
        shutil.rmtree(folder)


def compare(folder: Path, options: argparse.Namespace) -> None:
    run = make_run(folder, options)
    rows = read_rows(run.train, run.images_dir)
    contestants: dict[str, Iterator[float]] = {
        "plain": plain_epochs(rows, options),
        "ours": our_epochs(change(run, {}, options.workers)),
        "ours, float32": our_epochs(change(run, {"mixed_precision": "off"}, options.workers)),
        "ours, no workers": our_epochs(change(run, {}, 0)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for epoch in range(options.epochs):
        for name, epochs in contestants.items():
            seconds[name].append(next(epochs))
            print(f"epoch {epoch + 1}, {name}: {seconds[name][-1]:.1f} s", flush=True)
    plain = sum(seconds["plain"])
    for name, taken in seconds.items():
        speed = options.images * options.epochs / sum(taken)
        each = " ".join(f"{value:.1f}" for value in taken)
        print(f"{name:18} {speed:7.1f} images/s   {plain / sum(taken):5.2f} x plain   (epochs: {each} s)")
    ratio = plain / sum(seconds["ours"])
    print(json.dumps({"benchmark": "training_throughput", "ratio": round(ratio, 3), "target": TARGET}))


def change(run: RunDocument, changes: dict[str, object], workers: int) -> RunDocument:
    """The run with other parameters and an empty cache of its own."""
    cache = run.cache_dir / repr(sorted(changes.items())) / str(workers)
    parameters = run.parameters | changes | {"number_of_workers": workers}
    return run.model_copy(update={"parameters": parameters, "cache_dir": cache})


def plain_epochs(rows: ImageRows, options: argparse.Namespace) -> Iterator[float]:
    """Seconds of each epoch of the loop one finds in tutorials."""
    view = transforms.Compose(
        [
            transforms.RandomResizedCrop(224, scale=(0.5, 1.0)),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(0.3, 0.3, 0.3, 0.02),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    workers = options.workers
    loader = DataLoader(
        Photos(rows, view), options.batch_size, shuffle=True, num_workers=workers, persistent_workers=workers > 0
    )
    module = build_architecture(options.architecture, CLASSES).module
    optimizer = torch.optim.SGD(module.parameters(), lr=0.002, momentum=0.9, nesterov=True, weight_decay=1e-4)
    while True:
        started = time.perf_counter()
        module.train()
        for images, labels in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(module(images), labels).backward()
            optimizer.step()
        yield time.perf_counter() - started


class Photos(Dataset):
    def __init__(self, rows: ImageRows, view: Callable[[Image.Image], torch.Tensor]) -> None:
        self.rows = rows
        self.view = view

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        with Image.open(self.rows.blob(index)) as image:
            return self.view(image.convert("RGB")), int(self.rows.labels[index][0])


def make_run(folder: Path, options: argparse.Namespace) -> RunDocument:
    random = np.random.default_rng(1)
    photos = [(f"{number}.jpg", draw(options.side, random), str(number % CLASSES)) for number in range(options.images)]
    return RunDocument(
        task_type="image_classification",
        architecture=options.architecture,
        parameters=PARAMETERS
        | {
            "number_of_epochs": options.epochs,
            "training_batch_size": options.batch_size,
            "training_crop_size": 224,
            "validation_resize_size": 256,
            "validation_crop_size": 224,
            "mixed_precision": "auto",
            "random_seed": None,
        },
        label_names=[str(number) for number in range(CLASSES)],
        train=write_rows(folder, "train", photos),
        validation=write_rows(folder, "validation", photos[:1]),
        images_dir=folder / "images",
        cache_dir=folder / "cache",
        output_dir=folder / "output",
        checkpoint_dir=folder / "checkpoints",
        events_path=folder / "events.jsonl",
    )


def draw(side: int, random: np.random.Generator) -> Image.Image:
    """Something with the detail of a photograph: noise at several scales."""
    size = (side, side * 3 // 4)
    layers = [
        np.asarray(Image.fromarray(random.integers(0, 256, (n * 3, n * 4, 3), dtype=np.uint8)).resize(size))
        for n in (2, 12, 64)
    ]
    return Image.fromarray((layers[0] * 0.5 + layers[1] * 0.35 + layers[2] * 0.15).astype(np.uint8))


if __name__ == "__main__":
    main()
