"""Which images make which batch: a pure function of seed, epoch and step, so that a run resumes anywhere."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch.utils.data import Sampler

SampleKey = tuple[int, int]  # epoch (0 in validation), index


@dataclass(frozen=True)
class Share:
    """This process's part of the work: the `rank`-th of `world_size`."""

    rank: int = 0
    world_size: int = 1


class TrainingBatches(Sampler[list[SampleKey]]):
    """Batches of (epoch, index) in the random order of the epoch; `set_position` says where to begin.

    Every process gets the same number of batches: with several, the order is filled up from its own beginning.
    """

    def __init__(self, count: int, batch_size: int, seed: int, share: Share) -> None:
        self.count = count
        self.batch_size = batch_size
        self.seed = seed
        self.share = share
        self._epoch = 1
        self._start = 0
        self._end: int | None = None

    def set_position(self, epoch: int, step: int, end: int | None = None) -> None:
        """Begin with batch `step` (from 0) of epoch `epoch` (from 1), and end before batch `end` or with the epoch."""
        self._epoch, self._start, self._end = epoch, step, end

    def __len__(self) -> int:
        whole, rest = divmod(math.ceil(self.count / self.share.world_size), self.batch_size)
        # A last batch of one image has no spread for batch normalisation to measure: it is left to other epochs.
        return whole + (rest > 1 or whole == 0)

    def __iter__(self) -> Iterator[list[SampleKey]]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self._epoch)
        order = torch.randperm(self.count, generator=generator).tolist()
        order += order[: -len(order) % self.share.world_size]
        own = order[self.share.rank :: self.share.world_size]
        for step in range(self._start, len(self) if self._end is None else self._end):
            batch = own[step * self.batch_size : (step + 1) * self.batch_size]
            yield [(self._epoch, index) for index in batch]


class ValidationBatches(Sampler[list[SampleKey]]):
    """Every image once, in order, this process's share of them."""

    def __init__(self, count: int, batch_size: int, share: Share) -> None:
        self.indices = list(range(count))[share.rank :: share.world_size]
        self.batch_size = batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.indices) / self.batch_size)

    def __iter__(self) -> Iterator[list[SampleKey]]:
        for start in range(0, len(self.indices), self.batch_size):
            yield [(0, index) for index in self.indices[start : start + self.batch_size]]
