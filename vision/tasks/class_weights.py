"""Weights that even out classes of different size."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def class_weights(labels: Sequence[int], class_count: int, weighted_loss: int) -> Tensor | None:
    """Weight of each class in the loss, float32 [C], or None for `weighted_loss` 0.

    2: images / (classes × images of the class); 1: its square root. A class without images weighs 1.
    Source: SPEC §4.2.
    """
    if not weighted_loss:
        return None
    counts = torch.bincount(torch.tensor(list(labels)), minlength=class_count).double()
    weights = torch.where(counts > 0, len(labels) / (class_count * counts.clamp(min=1)), 1.0)
    return (weights.sqrt() if weighted_loss == 1 else weights).float()
