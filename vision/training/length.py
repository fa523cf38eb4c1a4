"""How long a run is: in epochs, or in changes of the weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vision.training.hyperparameters import Hyperparameters


@dataclass(frozen=True)
class RunLength:
    """`batches` are those of a whole epoch, `accumulation` of them make an update; `updates` are those of the run. With
    `max_steps` the last epoch ends where they are done."""

    batches: int
    accumulation: int
    updates: int

    @classmethod
    def of(cls, parameters: Hyperparameters, batches: int) -> RunLength:
        accumulation = parameters.gradient_accumulation_step
        whole = parameters.number_of_epochs * math.ceil(batches / accumulation)
        return cls(batches, accumulation, parameters.max_steps or whole)

    @property
    def updates_per_epoch(self) -> int:
        return math.ceil(self.batches / self.accumulation)

    @property
    def epochs(self) -> int:
        return math.ceil(self.updates / self.updates_per_epoch)

    @property
    def total_batches(self) -> int:
        """Those of all epochs."""
        return (self.epochs - 1) * self.batches + self.batches_in(self.epochs)

    def batches_in(self, epoch: int) -> int:
        """The batches of an epoch (from 1)."""
        left = self.updates - (epoch - 1) * self.updates_per_epoch
        return min(self.batches, left * self.accumulation)
