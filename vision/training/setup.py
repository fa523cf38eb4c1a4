"""Putting together what a run trains: network, data, optimizer, and where an earlier attempt left off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from vision.architectures import Built
from vision.architectures.weights import load_pretrained
from vision.catalog.architectures import ARCHITECTURES, ArchitectureInfo
from vision.catalog.weights_lookup import OnProgress, find_options, find_weights
from vision.tasks.base import SplitImages, Task
from vision.training.distributed import ProcessGroup
from vision.training.hyperparameters import Hyperparameters
from vision.training.inputs.fill import fill_caches
from vision.training.inputs.rows import read_rows
from vision.training.run_document import RunDocument
from vision.training.seeds import draw_seed

T = TypeVar("T")
Tell = Callable[[str], None]
Find = Callable[[ArchitectureInfo, Path | None, bool, OnProgress], T]


@dataclass(frozen=True)
class Splits:
    """The images of a run."""

    train: SplitImages
    validation: SplitImages
    test: SplitImages | None

    def scored(self) -> dict[str, SplitImages]:
        """The splits that the finished network is scored on."""
        test = {"test": self.test} if self.test else {}
        return {"validation": self.validation, **test}


def load_splits(
    run: RunDocument, task: Task, parameters: Hyperparameters, seed: int, group: ProcessGroup, tell: Tell
) -> Splits:
    """Read the splits and decode train and validation ahead, unless they are to be streamed."""
    rows = read_rows(run.train, run.images_dir)
    task.begin(rows)
    train = task.training_images(rows, seed)
    validation = task.evaluation_images(read_rows(run.validation, run.images_dir))
    test = task.evaluation_images(read_rows(run.test, run.images_dir)) if run.test else None
    if not parameters.should_stream_images:
        sources = {"training": train.source, "validation": validation.source}
        if group.local_rank == 0:
            fill_caches(run.cache_dir, sources, tell)
        group.wait()
        for source in sources.values():
            source.use_cache()
    return Splits(train, validation, test)


def load_options(run: RunDocument, group: ProcessGroup, tell: Tell) -> dict[str, Any]:
    """What building the network takes beside the parameters: the configuration of one from the Hub."""
    info = ARCHITECTURES.get(run.architecture, run.task_type)
    return _fetch_once(find_options, info, run, group, tell) if info.find_options else {}


def load_start(run: RunDocument, built: Built, group: ProcessGroup, tell: Tell) -> str:
    """Load the pretrained weights; returns their file name."""
    info = ARCHITECTURES.get(run.architecture, run.task_type).of_size(run.parameters.get("model_size"))
    path = _fetch_once(find_weights, info, run, group, tell)
    loaded = load_pretrained(built, path)
    tell(f"{path.name} {loaded.describe()}")
    return path.name


def _fetch_once(find: Find[T], info: ArchitectureInfo, run: RunDocument, group: ProcessGroup, tell: Tell) -> T:
    """What `find` finds. One process of a machine fetches, the others find what it has fetched."""
    progress = DownloadProgress(tell)
    if group.local_rank == 0:
        found = find(info, run.weights_dir, run.offline, progress)
        group.wait()
        return found
    group.wait()
    return find(info, run.weights_dir, True, progress)


@dataclass
class DownloadProgress:
    """Tells of a download at every tenth of it."""

    tell: Tell
    last: int = -1

    def __call__(self, message: str, fraction: float) -> None:
        tenth = int(fraction * 10)
        if tenth > self.last:
            self.last = tenth
            self.tell(f"{message}: {tenth * 10} %")


def agree_on_seed(parameters: Hyperparameters, group: ProcessGroup) -> int:
    """The seed that was set, else one drawn by the first process."""
    seed = draw_seed() if parameters.random_seed is None else parameters.random_seed
    return int(group.gather([seed])[0])


def place_on_device(built: Built, device: torch.device) -> None:
    """Move the network to the device; most convolutions run faster with the channels last in memory."""
    is_first = built.is_transformer or (built.is_channels_first and device.type == "cpu")
    layout = torch.contiguous_format if is_first else torch.channels_last
    built.module.to(device=device, memory_format=layout)  # type: ignore[call-overload]


def join_gradients(module: nn.Module, group: ProcessGroup) -> nn.Module:
    """The network with its gradients averaged over the processes."""
    if group.world_size == 1:
        return module
    devices = [group.device] if group.device.type == "cuda" else None
    return DistributedDataParallel(module, device_ids=devices)
