"""What every network that finds objects gives and takes, whichever library it comes from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from torch import Tensor, nn

MaskFrame = Literal["box", "image"]


@dataclass(frozen=True)
class DetectionLimits:
    """Which detections a network hands over: those of at least `score`, after suppression of boxes of one class that
    overlap by more than `nms_iou`, the best `per_image` of them. `mask` is the probability from which a pixel belongs
    to an object: networks whose boxes surround their masks go by it."""

    score: float = 0.05
    nms_iou: float = 0.5
    per_image: int = 100
    mask: float = 0.5


class Targets(NamedTuple):
    """The objects of a batch, flat; crowds are not among them.

    `boxes` float32 [N, 4], xyxy in px of the network's image; `labels` int64 [N], from 0; `image` int64 [N], the place
    in the batch, ascending; `masks` uint8 [N, H, W] of the network's image, or None.
    """

    boxes: Tensor
    labels: Tensor
    image: Tensor
    masks: Tensor | None = None

    def of(self, place: int) -> Targets:
        """Those of one image."""
        chosen = self.image == place
        masks = None if self.masks is None else self.masks[chosen]
        return Targets(self.boxes[chosen], self.labels[chosen], self.image[chosen], masks)


@dataclass(frozen=True)
class Detections:
    """What was found in one image, best first.

    `boxes` float32 [n, 4], xyxy in px of the network's image; `labels` int64 [n], from 0; `scores` float32 [n];
    `masks` float32 [n, h, w] probabilities, over the box or the network's image as the network's `mask_frame` says, the
    latter with a value for every `mask_stride` px each way; filling, right of the picture and below, may be left out.
    """

    boxes: Tensor
    labels: Tensor
    scores: Tensor
    masks: Tensor | None = None

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, chosen: Tensor) -> Detections:
        """Those at the indices (or under the mask) `chosen`."""
        masks = None if self.masks is None else self.masks[chosen]
        return Detections(self.boxes[chosen], self.labels[chosen], self.scores[chosen], masks)

    def cpu(self) -> Detections:
        """The same on the CPU, in full precision."""
        masks = None if self.masks is None else self.masks.float().cpu()
        return Detections(self.boxes.float().cpu(), self.labels.cpu(), self.scores.float().cpu(), masks)


@dataclass(frozen=True)
class NetworkOutput:
    """`losses`: scalars by name, whose sum is trained on; empty without targets. `detections`: one an image, empty
    while training."""

    losses: dict[str, Tensor] = field(default_factory=dict)
    detections: list[Detections] = field(default_factory=list)


class DetectionNetwork(nn.Module, ABC):
    """A network that finds objects.

    `stride` is what the sides of its images must be multiples of; `mask_frame` what its masks cover, None for boxes
    alone; `loss_limit` the loss above which training counts as diverged. `limits` may be changed at any time.
    """

    stride: int = 32
    mask_frame: MaskFrame | None = None
    mask_stride: int = 1
    loss_limit: float = 100.0

    def __init__(self) -> None:
        super().__init__()
        self.limits = DetectionLimits()

    @abstractmethod
    def forward(self, images: Tensor, sizes: Tensor, targets: Targets | None = None) -> NetworkOutput:
        """Losses while training; detections otherwise, and with targets the losses too.

        `images` float32 [B, 3, H, W], normalised; `sizes` int64 [B, 2], the height and width of each picture in it,
        from the top left: the rest is filling. Without training nothing about the network changes.
        """
