"""Samples to one batch of tensors, and back to what the network takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from vision.architectures.detection import Targets
from vision.inference.fitting import Placement
from vision.inference.views import Colour, Group, stack_views
from vision.tasks.detection.datasets import Sample
from vision.training.inputs.loader import Batch


@dataclass(frozen=True)
class Collator:
    """Views of V different sizes as one batch; every value is a tensor.

    `images` uint8 [V, H, W, 3], filled up with `fill`; `sizes` int64 [V, 2], the height and width of each picture in
    it. Objects are flat: `boxes` float32 [N, 4], `labels` and `image` (their view, ascending) int64 [N], and with masks
    `masks` uint8 [N, H, W]. Of the B images: `indices` int64 [B], `image_sizes` int64 [B, 2] (width and height). Of
    each view: `owners` int64 [V], which of the B images it shows, and `placements` float64 [V, 6].
    """

    stride: int
    fill: Colour

    def __call__(self, samples: Sequence[Sample]) -> Batch:
        views = [view for sample in samples for view in sample.views]
        images, sizes = stack_views([view.objects.pixels for view in views], self.stride, self.fill)
        counts = [len(view.objects.labels) for view in views]
        batch = {
            "images": images,
            "sizes": sizes,
            "boxes": torch.from_numpy(np.concatenate([view.objects.boxes for view in views])),
            "labels": torch.from_numpy(np.concatenate([view.objects.labels for view in views])),
            "image": torch.repeat_interleave(torch.arange(len(views)), torch.tensor(counts)),
            "indices": torch.tensor([sample.index for sample in samples]),
            "image_sizes": torch.tensor([[sample.width, sample.height] for sample in samples]),
            "owners": torch.tensor([place for place, sample in enumerate(samples) for _ in sample.views]),
            "placements": torch.tensor([_to_row(view.placement) for view in views], dtype=torch.float64),
        }
        if views[0].objects.masks is not None:
            batch["masks"] = self._stack_masks([view.objects.masks for view in views], *images.shape[1:3])
        return batch

    def _stack_masks(self, masks: Sequence[np.ndarray | None], height: int, width: int) -> torch.Tensor:
        known = [part for part in masks if part is not None]
        stacked = np.zeros((sum(map(len, known)), height, width), dtype=np.uint8)
        start = 0
        for part in known:
            stacked[start : start + len(part), : part.shape[1], : part.shape[2]] = part
            start += len(part)
        return torch.from_numpy(stacked)


def read_targets(batch: Batch) -> Targets:
    """The objects of a batch."""
    return Targets(batch["boxes"], batch["labels"], batch["image"], batch.get("masks"))


def select_views(batch: Batch, group: Group) -> Batch:
    """The views of a group alone, without what was filled up for the others; their objects are counted anew."""
    places = torch.tensor(group.places, device=batch["images"].device)
    order = torch.full((len(batch["images"]),), -1, dtype=torch.int64, device=places.device)
    order[places] = torch.arange(len(places), device=places.device)
    chosen = torch.nonzero(order[batch["image"]] >= 0).flatten()  # [n], ascending as the places are
    part = {
        "images": batch["images"][places, : group.height, : group.width],
        "sizes": batch["sizes"][places],
        "boxes": batch["boxes"][chosen],
        "labels": batch["labels"][chosen],
        "image": order[batch["image"][chosen]],
    }
    if "masks" in batch:
        part["masks"] = batch["masks"][chosen, : group.height, : group.width]
    return part


def read_placements(batch: Batch) -> list[Placement]:
    """Where the image of each view lies in it."""
    return [
        Placement(scale_x, scale_y, left, top, int(width), int(height))
        for scale_x, scale_y, left, top, width, height in batch["placements"].tolist()
    ]


def _to_row(placement: Placement) -> tuple[float, ...]:
    return (
        placement.scale_x,
        placement.scale_y,
        placement.left,
        placement.top,
        placement.width,
        placement.height,
    )
