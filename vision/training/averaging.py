"""A running average of the weights (EMA), which often scores better than the weights themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

DECAY = 0.9999
WARMUP_POWER = 2 / 3


class WeightAverage:
    """Exponential moving average of a network's weights and buffers, evaluated in its place.

    The n-th update counts for n^(−2/3), or 0.0001 where that is more: what the average remembers grows with the
    training, to about the last 40 of 250 updates, 500 of 10,000. So it forgets the untrained weights, and smooths short
    trainings too. Source: the warm-up of timm's ModelEmaV3.
    """

    def __init__(self, module: nn.Module) -> None:
        self.updates = 0
        self._averaged = AveragedModel(module, multi_avg_fn=self._mix, use_buffers=True)
        self._averaged.requires_grad_(False)

    @property
    def module(self) -> nn.Module:
        """The network with the averaged weights."""
        averaged: nn.Module = self._averaged.module
        return averaged

    def update(self, module: nn.Module) -> None:
        """Take in the weights after an optimizer step."""
        self.updates += 1
        self._averaged.update_parameters(module)

    def state(self) -> dict[str, Any]:
        return {"updates": self.updates, "module": self.module.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        self.updates = int(state["updates"])
        self.module.load_state_dict(state["module"])
        # The first update would copy instead of averaging
        self._averaged.n_averaged.fill_(self.updates)

    @torch.no_grad()
    def _mix(self, averaged: Iterable[Tensor], current: Iterable[Tensor], _: object) -> None:
        keep = min(DECAY, 1 - self.updates**-WARMUP_POWER)
        for mean, value in zip(averaged, current, strict=True):
            if mean.is_floating_point():
                mean.lerp_(value.to(mean.dtype), 1 - keep)
            else:
                mean.copy_(value)
