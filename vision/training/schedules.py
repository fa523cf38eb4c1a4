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


LOWEST_POLYNOMIAL_RATE = 1e-7  # where transformers' polynomial ends


def warmup_cosine(parameters: Hyperparameters, step: int, steps_per_epoch: int) -> float:
    """Linear from 0 over the warm-up, then ½(1 + cos(2π · cycles · progress)), never below 0.

    Source: SPEC §4.1; 0.45 cycles end near 0.024 of the learning rate.
    """
    return _cosine(parameters, step, steps_per_epoch, parameters.warmup_cosine_lr_cycles)


def warmup_whole_cosine(parameters: Hyperparameters, step: int, steps_per_epoch: int) -> float:
    """The same with half a wave, down to 0: `cosine_with_restarts` of transformers with its one cycle, which never
    restarts."""
    return _cosine(parameters, step, steps_per_epoch, 0.5)


def warmup_linear(parameters: Hyperparameters, step: int, steps_per_epoch: int) -> float:
    """Linear from 0 over the warm-up, then linear back to 0. Source: `linear` of transformers."""
    rise, progress = _position(parameters, step, steps_per_epoch)
    return rise * (1 - progress)


def warmup_polynomial(parameters: Hyperparameters, step: int, steps_per_epoch: int) -> float:
    """Linear from 0 over the warm-up, then linear down to a rate of 1e-7. Source: `polynomial` of transformers, whose
    power is 1."""
    rise, progress = _position(parameters, step, steps_per_epoch)
    lowest = min(1.0, LOWEST_POLYNOMIAL_RATE / parameters.learning_rate) if parameters.learning_rate else 0.0
    return rise * (lowest + (1 - lowest) * (1 - progress))


def warmup_constant(parameters: Hyperparameters, step: int, steps_per_epoch: int) -> float:
    """Linear from 0 over the warm-up, then the full rate."""
    return _position(parameters, step, steps_per_epoch)[0]


def constant(parameters: Hyperparameters, step: int, steps_per_epoch: int) -> float:
    """The full rate throughout."""
    return 1.0


def _cosine(parameters: Hyperparameters, step: int, steps_per_epoch: int, cycles: float) -> float:
    rise, progress = _position(parameters, step, steps_per_epoch)
    return rise * max(0.0, 0.5 * (1 + math.cos(2 * math.pi * cycles * progress)))


def _position(parameters: Hyperparameters, step: int, steps_per_epoch: int) -> tuple[float, float]:
    """How far the warm-up has risen (0–1), and how much of what follows it is done (0–1)."""
    total = parameters.max_steps or parameters.number_of_epochs * steps_per_epoch
    warmup = parameters.warmup_cosine_lr_warmup_epochs * steps_per_epoch
    if parameters.warmup_steps is not None:
        warmup = parameters.warmup_steps
    if step < warmup:
        # Counted from 1: a first step at rate 0 would be thrown away.
        return (step + 1) / warmup, 0.0
    return 1.0, (step - warmup) / max(1, total - warmup)


def step_decay(parameters: Hyperparameters, step: int, steps_per_epoch: int) -> float:
    """Times `step_lr_gamma` every `step_lr_step_size` epochs, never where that is 0. Source: SPEC §4.1, §4.6."""
    if not parameters.step_lr_step_size:
        return 1.0
    return parameters.step_lr_gamma ** (step // steps_per_epoch // parameters.step_lr_step_size)


SCHEDULES: Registry[Schedule] = Registry(
    "learning-rate scheduler",
    [
        Schedule("warmup_cosine", warmup_cosine),
        Schedule("step", step_decay),
        Schedule("warmup_linear", warmup_linear),
        Schedule("warmup_cosine_with_restarts", warmup_whole_cosine),
        Schedule("warmup_polynomial", warmup_polynomial),
        Schedule("constant", constant),
        Schedule("warmup_constant", warmup_constant),
    ],
)


def learning_rate_at(parameters: Hyperparameters, step: int, steps_per_epoch: int) -> float:
    """The learning rate of optimizer step `step` (from 0)."""
    factor = SCHEDULES.get(parameters.learning_rate_scheduler).factor
    return parameters.learning_rate * factor(parameters, step, steps_per_epoch)
