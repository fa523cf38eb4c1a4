"""Names of Azure's components that stand for several parameters at once (SPEC §4.6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from vision.catalog.task_types import CLASSIFICATION_TASKS

Spread = Callable[[str, Any], dict[str, Any]]
_ARGUMENT = re.compile(r"\s*(\w+)\s*=\s*(\([^)]*\)|[^,]*?)\s*(?:,|$)")
_OPTIMIZER_NAMES = {"lr": "learning_rate", "amsgrad": "ams_gradient"}
_OPTIMIZER_PARAMETERS = ("learning_rate", "momentum", "nesterov", "weight_decay", "beta1", "beta2", "ams_gradient")
_OPEN_SIZE = -1  # the network's own


def spread(task_type: str, name: str, value: Any) -> dict[str, Any] | None:
    """The parameters that one of these names sets, as they are written; None for any other name.

    Raises:
        ValueError: the value is none that it takes.
    """
    read = _SPREADS.get(name)
    return None if read is None else read(task_type, value)


def _read_optimizer_arguments(task_type: str, value: Any) -> dict[str, Any]:
    """`momentum=0.9, nesterov=True`, `betas=(0.9, 0.99)`."""
    text = "" if value is None else str(value).strip()
    found: dict[str, Any] = {}
    place = 0
    while place < len(text):
        match = _ARGUMENT.match(text, place)
        if match is None:
            raise ValueError(f"Must be such as momentum=0.9, nesterov=True, not {value!r}.")
        found |= _read_argument(match[1], match[2])
        place = match.end()
    return found


def _read_argument(name: str, text: str) -> dict[str, Any]:
    if name == "betas":
        numbers = [part.strip() for part in text.strip("()[] ").split(",")]
        if len(numbers) != 2:
            raise ValueError(f"betas must be two numbers such as (0.9, 0.999), not {text}.")
        return dict(zip(("beta1", "beta2"), numbers, strict=True))
    parameter = _OPTIMIZER_NAMES.get(name, name)
    if parameter not in _OPTIMIZER_PARAMETERS:
        raise ValueError(f"There is no argument {name} of optimizers; there is {', '.join(_OPTIMIZER_PARAMETERS)}.")
    return {parameter: text}


def _read_side(task_type: str, value: Any) -> dict[str, Any]:
    if value is None or str(value).strip() == str(_OPEN_SIZE):
        return {}
    if task_type not in CLASSIFICATION_TASKS:
        raise ValueError("Give image_size, or min_size and max_size, as the network takes them.")
    return {"training_crop_size": value, "validation_crop_size": value}


_SPREADS: Mapping[str, Spread] = {
    "extra_optim_args": _read_optimizer_arguments,
    "image_width": _read_side,
    "image_height": _read_side,
}
SPREAD_NAMES = tuple(_SPREADS)
