"""The table of hyperparameters by which gradients change the weights (SPEC §4.1)."""

from __future__ import annotations

from functools import partial

from vision.catalog.task_types import TaskType
from vision.spec.parameter import Parameter

_all = partial(Parameter, task_types=(TaskType.CLASSIFICATION,))

_RATE = (
    _all(
        "learning_rate",
        "float",
        "Learning rate",
        "How far each step moves the weights. Too high and the pretrained features are lost, too low and nothing is "
        "learnt.",
        "Learning rate",
        minimum=0,
        maximum=1,
    ),
    _all(
        "learning_rate_scheduler",
        "choice",
        "Schedule",
        "How the learning rate changes over the run.",
        "Learning rate",
        default="warmup_cosine",
        choices=("warmup_cosine", "step"),
        aliases=("lr_scheduler",),
        value_titles=("Warm-up, then cosine", "Steps"),
    ),
    _all(
        "warmup_cosine_lr_warmup_epochs",
        "int",
        "Warm-up",
        "Epochs over which the learning rate rises from zero. Schedule warmup_cosine only.",
        "Learning rate",
        default=2,
        minimum=0,
        unit="epochs",
        is_advanced=True,
    ),
    _all(
        "warmup_cosine_lr_cycles",
        "float",
        "Cosine cycles",
        "Part of a whole cosine wave that follows the warm-up; 0.45 ends near 2 % of the learning rate. Schedule "
        "warmup_cosine only.",
        "Learning rate",
        default=0.45,
        minimum=0,
        maximum=1,
        is_advanced=True,
    ),
    _all(
        "step_lr_gamma",
        "float",
        "Step factor",
        "What the learning rate is multiplied by at each step. Schedule step only.",
        "Learning rate",
        default=0.5,
        minimum=0,
        maximum=1,
        is_advanced=True,
    ),
    _all(
        "step_lr_step_size",
        "int",
        "Step every",
        "Epochs between two steps. Schedule step only.",
        "Learning rate",
        default=5,
        minimum=1,
        unit="epochs",
        is_advanced=True,
    ),
)

_OPTIMIZER = (
    _all(
        "optimizer",
        "choice",
        "Optimizer",
        "How gradients become changes of the weights.",
        "Optimizer",
        default="sgd",
        choices=("sgd", "adam", "adamw"),
        value_titles=("SGD", "Adam", "AdamW"),
    ),
    _all(
        "momentum",
        "float",
        "Momentum",
        "How much of the last step is carried on. SGD only.",
        "Optimizer",
        default=0.9,
        minimum=0,
        maximum=1,
        is_advanced=True,
    ),
    _all(
        "nesterov",
        "bool",
        "Nesterov momentum",
        "Look ahead along the momentum before stepping. SGD only.",
        "Optimizer",
        default=True,
        is_advanced=True,
    ),
    _all(
        "weight_decay",
        "float",
        "Weight decay",
        "How strongly large weights are pulled towards zero.",
        "Optimizer",
        default=1e-4,
        minimum=0,
        maximum=1,
        is_advanced=True,
    ),
    _all(
        "beta1",
        "float",
        "Beta 1",
        "Decay of the running mean of gradients. Adam and AdamW only.",
        "Optimizer",
        default=0.9,
        minimum=0,
        maximum=1,
        is_advanced=True,
    ),
    _all(
        "beta2",
        "float",
        "Beta 2",
        "Decay of the running mean of squared gradients. Adam and AdamW only.",
        "Optimizer",
        default=0.999,
        minimum=0,
        maximum=1,
        is_advanced=True,
    ),
    _all(
        "ams_gradient",
        "bool",
        "AMSGrad",
        "Keep the largest squared gradient seen. Adam and AdamW only.",
        "Optimizer",
        default=False,
        aliases=("amsgrad",),
        is_advanced=True,
    ),
)

OPTIMIZATION_PARAMETERS = (*_RATE, *_OPTIMIZER)
