"""One optimizer update from one or more batches."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn, optim

from vision.training.precision import Precision

MAX_GRADIENT_VALUE = 5.0
MAX_GRADIENT_NORM = 1.0


@dataclass(frozen=True)
class Updater:
    """Backward pass, gradient accumulation, clipping and the optimizer's step.

    Gradients are clipped by norm at `max_norm` where it is given, else by value at 5.0, those of transformers by norm
    at 1.0. Source: SPEC §4.1.
    """

    module: nn.Module
    optimizer: optim.Optimizer
    precision: Precision
    is_transformer: bool
    max_norm: float | None = None

    def backward(self, loss: Tensor, group_size: int) -> None:
        """Add the gradients of one of `group_size` batches that make an update together."""
        loss = loss / group_size
        scaler = self.precision.scaler
        torch.autograd.backward(scaler.scale(loss) if scaler else loss)

    def update(self, learning_rate: float) -> None:
        """Clip, step, and clear the gradients."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate * group.get("rate_factor", 1.0)
        scaler = self.precision.scaler
        if scaler:
            scaler.unscale_(self.optimizer)
        self._clip()
        if scaler:
            scaler.step(self.optimizer)
            scaler.update()
        else:
            self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def _clip(self) -> None:
        weights = [weight for weight in self.module.parameters() if weight.grad is not None]
        if self.max_norm is not None or self.is_transformer:
            nn.utils.clip_grad_norm_(weights, MAX_GRADIENT_NORM if self.max_norm is None else self.max_norm)
        else:
            nn.utils.clip_grad_value_(weights, MAX_GRADIENT_VALUE)


def hold_back(wrapped: nn.Module, is_last: bool) -> AbstractContextManager[Any]:
    """Spare the exchange of gradients between processes until the last batch of an update."""
    no_sync: Callable[[], AbstractContextManager[Any]] | None = getattr(wrapped, "no_sync", None)
    return nullcontext() if is_last or no_sync is None else no_sync()
