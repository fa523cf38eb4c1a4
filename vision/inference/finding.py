"""From what a network finds in each view of an image to what there is in the image. Validation during training and
every prediction go through here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torchvision.ops import batched_nms

from vision.architectures.detection import Detections, MaskFrame
from vision.inference.fitting import Placement
from vision.inference.pasting import MaskPart, paste_box_mask, paste_image_mask
from vision.inference.tiling import Tiling


@dataclass(frozen=True)
class Found:
    """What was found in one image, best first.

    `boxes` float64 [n, 4], xyxy in px of the upright image, cut off at its edges; `labels` int64 [n]; `scores` float64
    [n]; `masks` one each, or None where only boxes are found.
    """

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    masks: list[MaskPart] | None = None

    def take(self, places: Sequence[int]) -> Found:
        """Those at these places."""
        masks = None if self.masks is None else [self.masks[place] for place in places]
        chosen = np.asarray(places, dtype=np.int64)
        return Found(self.boxes[chosen], self.labels[chosen], self.scores[chosen], masks)


@dataclass(frozen=True)
class Finder:
    """How detections become objects of the image: `mask_frame` and `mask_stride` as the network says them,
    `mask_threshold` the probability from which a pixel belongs to an object, at most `per_image` objects an image."""

    mask_frame: MaskFrame | None
    mask_threshold: float
    per_image: int
    tiling: Tiling | None = None
    mask_stride: int = 1

    def find(self, views: Sequence[tuple[Detections, Placement]], width: int, height: int) -> Found:
        """The objects of an image of `width` × `height` px from the detections in each of its views."""
        parts = [self._map(detections.cpu(), placement, width, height) for detections, placement in views]
        if len(parts) == 1:
            return parts[0].take(range(min(len(parts[0].scores), self.per_image)))
        return self._merge(parts)

    def _map(self, detections: Detections, placement: Placement, width: int, height: int) -> Found:
        whole = placement.to_image(detections.boxes.double().numpy())
        boxes = np.clip(whole, 0, np.array([width, height] * 2))
        is_there = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        places = np.flatnonzero(is_there)
        masks = None
        if detections.masks is not None:
            masks = [
                self._paste(detections.masks[place], whole[place], placement, width, height)
                for place in places.tolist()
            ]
        labels, scores = detections.labels.numpy(), detections.scores.double().numpy()
        return Found(boxes[places], labels[places], scores[places], masks)

    def _paste(self, mask: torch.Tensor, box: np.ndarray, placement: Placement, width: int, height: int) -> MaskPart:
        if self.mask_frame == "image":
            placement = placement.shrink(self.mask_stride)
            return paste_image_mask(mask, box, placement, width, height, self.mask_threshold)
        return paste_box_mask(mask, box, width, height, self.mask_threshold)

    def _merge(self, parts: Sequence[Found]) -> Found:
        """Of boxes of one class that overlap, whichever views they come from, the best stays."""
        has_masks = any(part.masks is not None for part in parts)
        together = Found(
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.scores for part in parts]),
            [mask for part in parts for mask in part.masks or []] if has_masks else None,
        )
        limit = 1.0 if self.tiling is None else self.tiling.nms_iou
        kept = batched_nms(
            torch.from_numpy(together.boxes),
            torch.from_numpy(together.scores),
            torch.from_numpy(together.labels),
            limit,
        )
        return together.take(kept[: self.per_image].tolist())
