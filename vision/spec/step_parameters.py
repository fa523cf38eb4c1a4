"""The table of hyperparameters by which networks of the Hub count in steps (SPEC §4.6). Darkroom validates and saves at
the end of epochs: rules round the steps to these."""

from __future__ import annotations

from functools import partial

from vision.catalog.task_types import TaskType
from vision.spec.parameter import Parameter

_hub = partial(
    Parameter,
    task_types=tuple(TaskType),
    families=("hub", "detr", "mask2former"),
    group="Training",
    is_advanced=True,
)
_KINDS = ("epoch", "steps")

STEP_PARAMETERS = (
    _hub(
        name="evaluation_strategy",
        kind="choice",
        title="Validate by",
        help="Whether evaluation_steps counts, or evaluation_frequency alone.",
        default="epoch",
        choices=_KINDS,
        value_titles=("Epochs", "Steps"),
    ),
    _hub(
        name="evaluation_steps",
        kind="int",
        title="Validate every, in steps",
        help="Steps between two validations where evaluation_strategy is steps, rounded to whole epochs.",
        default=500,
        minimum=1,
        unit="steps",
    ),
    _hub(
        name="save_strategy",
        kind="choice",
        title="Keep checkpoints by",
        help="epoch keeps a checkpoint of each epoch besides the best, steps one every save_steps. Empty: as "
        "checkpoint_frequency says.",
        choices=_KINDS,
        value_titles=("Epochs", "Steps"),
    ),
    _hub(
        name="save_steps",
        kind="int",
        title="Keep a checkpoint every, in steps",
        help="Steps between two checkpoints that are kept where save_strategy is steps, rounded to whole epochs.",
        default=500,
        minimum=1,
        unit="steps",
    ),
)
