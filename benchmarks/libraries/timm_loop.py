"""timm's training loop: its dataset, loader, transforms, loss and optimizer as its `train.py` puts them together."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import timm
import torch
from timm.data import ImageDataset, create_dataset, create_loader
from timm.loss import BinaryCrossEntropy, LabelSmoothingCrossEntropy
from timm.optim import create_optimizer_v2
from timm.utils import AverageMeter

from tests.vision.training.resolved_runs import Row


def write_folders(folder: Path, rows: Sequence[Row]) -> Path:
    """The images in a folder a class, as timm reads them; in one a set of classes where each has several."""
    for name, data, label in rows:
        path = folder / "train" / ("+".join(["", *label]) if isinstance(label, list) else label) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def run_epochs(
    folder: Path, network: str, names: Sequence[str], batch: int, side: int, rate: float, is_multilabel: bool = False
) -> Iterator[float]:
    """Seconds of each epoch."""
    model = timm.create_model(network, pretrained=False, num_classes=len(names))
    dataset = create_dataset("", root=str(folder), split="train", is_training=True)
    if is_multilabel:
        dataset.target_transform = _list_targets(dataset, names).__getitem__
    loader = create_loader(
        dataset,
        input_size=(3, side, side),
        batch_size=batch,
        is_training=True,
        use_prefetcher=False,
        scale=(0.5, 1.0),
        hflip=0.5,
        color_jitter=0.3,
        interpolation="bilinear",
        num_workers=0,
        device=torch.device("cpu"),
    )
    optimizer = create_optimizer_v2(model, opt="sgd", lr=rate, momentum=0.9, weight_decay=1e-4)
    loss_of = BinaryCrossEntropy(smoothing=0.0) if is_multilabel else LabelSmoothingCrossEntropy(0.0)
    while True:
        started = time.perf_counter()
        losses = AverageMeter()
        model.train()
        for images, targets in loader:
            loss = loss_of(model(images), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.update(loss.item(), len(images))
        yield time.perf_counter() - started


def _list_targets(dataset: ImageDataset, names: Sequence[str]) -> torch.Tensor:
    """Of each folder which of the names it holds, float32 [folders, names]."""
    places = dataset.reader.class_to_idx
    folders = sorted(places, key=lambda folder: places[folder])
    return torch.tensor([[float(name in folder.split("+")) for name in names] for folder in folders])
