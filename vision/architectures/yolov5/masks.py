"""YOLOv5 that finds the outlines of objects too: ultralytics' `Segment` head in the place of `Detect`.

ultralytics publishes no such network of this generation; it is put together of its parts as its YOLOv8 for masks is.
Source: Bolya et al., YOLACT, 2019, for masks that are sums of prototypes; ultralytics (AGPL-3.0) for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from vision.architectures.built import Start
from vision.architectures.detection import Detections, Targets
from vision.architectures.yolov5.library import SegmentationModel, v8SegmentationLoss
from vision.architectures.yolov5.network import YoloV5

_PROTOTYPES, _CHANNELS = 32, 256  # as in yolov8-seg.yaml; a smaller network has fewer channels
_LOSSES = ("box", "mask", "class", "distribution")  # a fifth is of networks with a head more


class YoloV5Masks(YoloV5):
    """YOLOv5 of one of the `SCALES` that finds masks: each the sum of the image's prototypes with an object's weights.

    Beside the losses of boxes there is `mask` (binary cross entropy within an object's box, averaged over it). Masks
    count, and are found, at a quarter of the image's sides.
    """

    mask_frame = "image"
    mask_stride = 4

    def __init__(self, size: str, label_count: int) -> None:
        super().__init__(size, label_count)
        self.args = SimpleNamespace(**vars(self.args), overlap_mask=False)  # a mask for each object, not one of all

    @property
    def mask_parts(self) -> tuple[str, ...]:
        """The names of the layers that make masks."""
        last = len(self.model) - 1
        return f"model.{last}.proto", f"model.{last}.cv4"

    def _create(self, layout: dict[str, Any], label_count: int) -> Any:
        *others, (maps, repeats, _, (classes,)) = layout["head"]
        head = [*others, [maps, repeats, "Segment", [classes, _PROTOTYPES, _CHANNELS]]]
        return SegmentationModel({**layout, "head": head}, ch=3, nc=label_count, verbose=False)

    def _ask_head(self, maps: list[Tensor]) -> dict[str, Any]:
        return {**super()._ask_head(maps), "proto": self.head.proto(maps[0])}

    def _measure(self, raw: dict[str, Any], objects: dict[str, Tensor], targets: Targets) -> dict[str, Tensor]:
        if targets.masks is None:
            raise ValueError("Training needs the masks of its targets.")
        objects = {**objects, "masks": shrink_masks(targets.masks)}
        losses = v8SegmentationLoss(self).loss(raw, objects)[0] / len(raw["proto"])  # it sums over the images
        return dict(zip(_LOSSES, losses, strict=False))

    def _find(self, raw: dict[str, Any], sizes: Tensor) -> list[Detections]:
        found = zip(*self._decode(raw), sizes.tolist(), raw["mask_coefficient"], raw["proto"], strict=True)
        return [
            self._add_masks(*self._select(boxes, probabilities, size), weights, prototypes)
            for boxes, probabilities, size, weights, prototypes in found
        ]

    def _add_masks(self, found: Detections, places: Tensor, weights: Tensor, prototypes: Tensor) -> Detections:
        """`weights` [32, places] and `prototypes` [32, h, w] of one image."""
        with torch.autocast(prototypes.device.type, enabled=False):
            sums = torch.einsum("cn,chw->nhw", weights.float()[:, places], prototypes.float())
            return replace(found, masks=sums.sigmoid())


def shrink_masks(masks: Tensor) -> Tensor:
    """uint8 [N, H, W] (0, 1) at a quarter of the sides: 1 where at least two of the middle four px are.

    Source: ultralytics, which scales its masks by OpenCV's linear interpolation and rounds.
    """
    middle = [masks[:, row::4, column::4] for row in (1, 2) for column in (1, 2)]
    return (sum(middle[1:], middle[0]) >= 2).to(torch.uint8)


def read_start(mask_parts: tuple[str, ...], tensors: Mapping[str, Tensor]) -> Start:
    """The file of a network for boxes starts everything but the masks; any other has to fit the whole."""
    if any(name.startswith(mask_parts) for name in tensors):
        return Start(tensors)
    return Start(tensors, lacking=mask_parts, told="starts all but the masks, whose layers begin at random")
