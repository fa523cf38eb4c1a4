"""A running average of the weights (EMA), which often scores better than the weights themselves."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

DECAY = 0.9999
RAMP_UPDATES = 2000.0  # at the beginning the average forgets faster: it must not remember untrained weights


class WeightAverage:
    """Exponential moving average of a network's weights and buffers, evaluated in its place.

    After n updates an update counts for 1 − 0.9999 · (1 − e^(−n/2000)). Source: ultralytics' ModelEMA.
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
        keep = DECAY * (1 - math.exp(-self.updates / RAMP_UPDATES))
        for mean, value in zip(averaged, current, strict=True):
            if mean.is_floating_point():
                mean.lerp_(value.to(mean.dtype), 1 - keep)
            else:
                mean.copy_(value)
