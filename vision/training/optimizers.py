"""The optimizers a job may name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn, optim

from vision.registry import Registry
from vision.training.hyperparameters import Hyperparameters

Weights = Iterable[nn.Parameter] | list[dict[str, Any]]
SLOW_RATE = 0.1  # of the learning rate: pretrained backbones under a transformer. Source: DETR, and those after it


@dataclass(frozen=True)
class OptimizerEntry:
    name: str
    make: Callable[[Weights, Hyperparameters], optim.Optimizer]


def _sgd(weights: Weights, parameters: Hyperparameters) -> optim.Optimizer:
    # torch refuses Nesterov without momentum, where it means nothing.
    return optim.SGD(
        weights,
        lr=parameters.learning_rate,
        momentum=parameters.momentum,
        weight_decay=parameters.weight_decay,
        nesterov=parameters.nesterov and parameters.momentum > 0,
        fused=True,
    )


def _adam(weights: Weights, parameters: Hyperparameters) -> optim.Optimizer:
    return optim.Adam(
        weights,
        lr=parameters.learning_rate,
        betas=(parameters.beta1, parameters.beta2),
        weight_decay=parameters.weight_decay,
        amsgrad=parameters.ams_gradient,
        fused=True,
    )


def _adamw(weights: Weights, parameters: Hyperparameters) -> optim.Optimizer:
    return optim.AdamW(
        weights,
        lr=parameters.learning_rate,
        betas=(parameters.beta1, parameters.beta2),
        weight_decay=parameters.weight_decay,
        amsgrad=parameters.ams_gradient,
        fused=True,
    )


def _adafactor(weights: Weights, parameters: Hyperparameters) -> optim.Optimizer:
    # Its rate is relative to the size of each weight matrix; it keeps no moments per weight.
    return optim.Adafactor(weights, lr=parameters.learning_rate, weight_decay=parameters.weight_decay)


def _adagrad(weights: Weights, parameters: Hyperparameters) -> optim.Optimizer:
    return optim.Adagrad(weights, lr=parameters.learning_rate, weight_decay=parameters.weight_decay)


OPTIMIZERS: Registry[OptimizerEntry] = Registry(
    "optimizer",
    [
        OptimizerEntry("sgd", _sgd),
        OptimizerEntry("adam", _adam),
        OptimizerEntry("adamw", _adamw),
        OptimizerEntry("adafactor", _adafactor),
        OptimizerEntry("adagrad", _adagrad),
    ],
)


def make_optimizer(module: nn.Module, parameters: Hyperparameters, slow: Sequence[str] = ()) -> optim.Optimizer:
    """The optimizer over the weights that are not frozen, its kernels fused (one pass over each tensor) where torch has
    them so. Those in the modules named in `slow` learn at a tenth of the rate."""
    weights = [weight for weight in module.parameters() if weight.requires_grad]
    slowed = {id(weight) for name in slow for weight in module.get_submodule(name).parameters()}
    groups: Weights = weights
    if slowed:
        groups = [
            {"params": [weight for weight in weights if id(weight) not in slowed], "rate_factor": 1.0},
            {"params": [weight for weight in weights if id(weight) in slowed], "rate_factor": SLOW_RATE},
        ]
    return OPTIMIZERS.get(parameters.optimizer).make(groups, parameters)
