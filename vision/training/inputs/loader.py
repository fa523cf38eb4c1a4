"""Batches ready for the device, by worker processes where asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from vision.training.inputs.batches import SampleKey

Batch = dict[str, torch.Tensor]


def make_loader(
    dataset: Dataset[Any],
    batches: Sampler[list[SampleKey]],
    collate: Callable[[Sequence[Any]], Batch],
    workers: int,
    device: torch.device,
) -> DataLoader[Any]:
    """A loader whose workers live as long as it does. `workers` 0 prepares batches in this process.

    Workers wait for each other in order, so a batch does not depend on how many there are.
    """
    return DataLoader(
        dataset,
        batch_sampler=batches,
        collate_fn=collate,
        num_workers=workers,
        persistent_workers=workers > 0,
        prefetch_factor=2 if workers else None,
        pin_memory=device.type == "cuda",
        worker_init_fn=_start_worker,
    )


def _start_worker(_: int) -> None:
    # A worker cuts and scales single images: its threads would only fight those that train.
    torch.set_num_threads(1)
