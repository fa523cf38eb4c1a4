"""Between our flat targets and detections and torchvision's dictionaries, one an image."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vision.architectures.detection import Detections, Targets


def list_sizes(sizes: Tensor) -> list[tuple[int, int]]:
    """int64 [B, 2] as (height, width) of each image."""
    return [(int(height), int(width)) for height, width in sizes.tolist()]


def list_targets(targets: Targets, count: int, first_label: int) -> list[dict[str, Tensor]]:
    """The targets of each of `count` images, labels counted from `first_label`.

    Boxes without area are left out: the logarithm of their sides would make the loss infinite.
    """
    has_area = (targets.boxes[:, 2:] > targets.boxes[:, :2]).all(dim=1)
    counts = targets.image[has_area].bincount(minlength=count).tolist()
    columns = {"boxes": targets.boxes[has_area], "labels": targets.labels[has_area] + first_label}
    if targets.masks is not None:
        columns["masks"] = targets.masks[has_area]
    parts = {name: torch.split(column, counts) for name, column in columns.items()}
    return [{name: parts[name][place] for name in parts} for place in range(count)]


def to_detections(found: dict[str, Tensor], first_label: int) -> Detections:
    """One image's result; `masks` [n, 1, h, w] become [n, h, w]. Boxes without area (wholly in the filling beside the
    picture before they were clipped to it) are left out."""
    boxes = found["boxes"]
    masks = found["masks"][:, 0] if "masks" in found else None
    has_area = (boxes[:, 2:] > boxes[:, :2]).all(dim=1)
    detections = Detections(boxes, found["labels"] - first_label, found["scores"], masks)
    return detections.take(has_area)


def just_below(score: float) -> float:
    """The next smaller float32: torchvision keeps what is above its threshold, we what is at least ours."""
    return float(np.nextafter(np.float32(score), np.float32(-1)))
