"""Going on after memory ran out: half the batch, the same number of images an update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def halve_batches(parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """The parameters with batches half as large, and as many more of them an update; None: there is nothing to halve.

    The learning rate stays what it was, since an update still sees as many images (or one more, of an odd number).
    """
    batch, steps = int(parameters["training_batch_size"]), int(parameters["gradient_accumulation_step"])
    validation = int(parameters["validation_batch_size"])
    if batch == 1 and validation == 1:
        return None
    smaller = max(1, batch // 2)
    return {
        **parameters,
        "training_batch_size": smaller,
        "gradient_accumulation_step": -(-batch * steps // smaller),
        "validation_batch_size": max(1, validation // 2),
    }


def move_position(step: int, old_batch: int, new_batch: int) -> int:
    """The batch of an epoch to go on with, where `step` batches of another size were done: no image is left out."""
    return step * old_batch // new_batch
