"""Weights that even out classes of different size.

Source: SPEC §4.2, `weighted_loss`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def class_weights(labels: Sequence[int], class_count: int, weighted_loss: int) -> Tensor | None:
    """Weight of each class in the loss, float32 [C], or None for `weighted_loss` 0.

    2: images / (classes × images of the class); 1: its square root. A class without images weighs 1.
    """
    if not weighted_loss:
        return None
    counts = torch.bincount(torch.tensor(list(labels)), minlength=class_count).double()
    return _even_out(counts, len(labels), class_count, weighted_loss)


def label_weights(targets: Tensor, weighted_loss: int) -> Tensor | None:
    """Weights of a label's absence (row 0) and presence (row 1), float32 [2, C], or None for `weighted_loss` 0.

    `targets` is [N, C], 1 where an image has the label. With several labels an image, each label is a question of its
    own with two answers, and these are evened out as the classes of multi-class are: 2 gives
    images / (2 × images with that answer), 1 its square root. A label that is on few images so counts as much where it
    is as where it is not, and each label as much as any other. An answer that no image has weighs 1.
    """
    if not weighted_loss:
        return None
    present = targets.double().sum(dim=0)
    return _even_out(torch.stack([len(targets) - present, present]), len(targets), 2, weighted_loss)


def _even_out(counts: Tensor, images: int, classes: int, weighted_loss: int) -> Tensor:
    weights = torch.where(counts > 0, images / (classes * counts.clamp(min=1)), 1.0)
    return (weights.sqrt() if weighted_loss == 1 else weights).float()
