"""Learning-rate schedules as pure functions of the optimizer step, so that resuming needs no state."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from vision.registry import Registry
from vision.training.hyperparameters import Hyperparameters


@dataclass(frozen=True)
class Schedule:
    """`factor(parameters, step, steps_per_epoch)` is what the learning rate is multiplied by at `step` (from 0)."""

    name: str
    factor: Callable[[Hyperparameters, int, int], float]


def warmup_cosine(parameters: Hyperparameters, step: int, steps_per_epoch: int) -> float:
    """Linear from 0 over the warm-up epochs, then ½(1 + cos(2π · cycles · progress)), never below 0.

    Source: SPEC §4.1; 0.45 cycles end near 0.024 of the learning rate.
    """
    warmup = parameters.warmup_cosine_lr_warmup_epochs * steps_per_epoch
    if step < warmup:
        # Counted from 1: a first step at rate 0 would be thrown away.
        return (step + 1) / warmup
    total = parameters.number_of_epochs * steps_per_epoch
    progress = (step - warmup) / max(1, total - warmup)
    return max(0.0, 0.5 * (1 + math.cos(2 * math.pi * parameters.warmup_cosine_lr_cycles * progress)))


def step_decay(parameters: Hyperparameters, step: int, steps_per_epoch: int) -> float:
    """Times `step_lr_gamma` every `step_lr_step_size` epochs. Source: SPEC §4.1."""
    return parameters.step_lr_gamma ** (step // steps_per_epoch // parameters.step_lr_step_size)


SCHEDULES: Registry[Schedule] = Registry(
    "learning-rate scheduler", [Schedule("warmup_cosine", warmup_cosine), Schedule("step", step_decay)]
)


def learning_rate_at(parameters: Hyperparameters, step: int, steps_per_epoch: int) -> float:
    """The learning rate of optimizer step `step` (from 0)."""
    factor = SCHEDULES.get(parameters.learning_rate_scheduler).factor
    return parameters.learning_rate * factor(parameters, step, steps_per_epoch)
