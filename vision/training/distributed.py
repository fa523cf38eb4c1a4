"""The processes that train one network together: one, or as many as torchrun started."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

from vision.training.inputs.batches import Share


@dataclass(frozen=True)
class ProcessGroup:
    """This process's place. With one process every exchange is the identity."""

    rank: int
    local_rank: int
    world_size: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    @property
    def share(self) -> Share:
        return Share(self.rank, self.world_size)

    def wait(self) -> None:
        """Until every process has come here."""
        if self.world_size > 1:
            dist.barrier()

    def gather(self, values: list[Any]) -> list[Any]:
        """Every process's list, one after the other, in every process."""
        if self.world_size == 1:
            return values
        lists: list[list[Any]] = [[] for _ in range(self.world_size)]
        dist.all_gather_object(lists, values)
        return [value for part in lists for value in part]

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """Elementwise sum over the processes."""
        if self.world_size > 1:
            values = values.clone()
            dist.all_reduce(values)
        return values

    def any(self, flag: bool) -> bool:
        """Whether any process says so: the same answer in all of them."""
        if self.world_size == 1:
            return flag
        return bool(self.sum(torch.tensor([float(flag)], device=self.device)).item())

    def leave(self) -> None:
        if self.world_size > 1 and dist.is_initialized():
            dist.destroy_process_group()


def join_group() -> ProcessGroup:
    """Take the place torchrun gave this process: its GPU if it has one, NCCL among GPUs, gloo among processors."""
    rank, local_rank = int(os.environ.get("RANK", 0)), int(os.environ.get("LOCAL_RANK", 0))
    world_size = int(os.environ.get("WORLD_SIZE", 1))
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", local_rank % torch.cuda.device_count())
        torch.cuda.set_device(device)
    if world_size > 1:
        # Rank 0 decodes and downloads while the others wait: as long as a large set may take.
        backend = "nccl" if device.type == "cuda" else "gloo"
        dist.init_process_group(backend, timeout=timedelta(hours=2))
    return ProcessGroup(rank, local_rank, world_size, device)
