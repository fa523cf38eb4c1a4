"""A network that finds objects, small enough for tests: a class and a box at one place every 4 px."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import batched_nms, clip_boxes_to_image

from vision.architectures.built import Built
from vision.architectures.detection import DetectionNetwork, Detections, NetworkOutput, Targets
from vision.catalog.architectures import ARCHITECTURES, ArchitectureInfo, PretrainedInfo
from vision.catalog.task_types import TaskType

_STEP = 4
_UNIT = 16.0  # px: what a distance of 1 is
_MASK_SIDE = 7


class TinyDetector(DetectionNetwork):
    """The centre of each object's box learns its class and the distances to its four sides; masks are one for all."""

    stride = 8
    loss_limit = 1e4

    def __init__(self, label_count: int, mask_frame: str | None = None) -> None:
        super().__init__()
        self.mask_frame = mask_frame  # type: ignore[assignment]
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU()
        )
        self.context = nn.Sequential(nn.Conv2d(32, 32, 5, 1, 2), nn.ReLU(), nn.Conv2d(32, 32, 5, 1, 2), nn.ReLU())
        self.classes = nn.Conv2d(32, label_count, 1)
        self.sides = nn.Conv2d(32, 4, 1)
        nn.init.constant_(self.classes.bias, -4.0)

    def forward(self, images: Tensor, sizes: Tensor, targets: Targets | None = None) -> NetworkOutput:
        features = self.context(self.body(images))
        logits, sides = self.classes(features), functional.softplus(self.sides(features)) * _UNIT
        losses = {} if targets is None else self._losses(logits, sides, targets)
        if self.training:
            return NetworkOutput(losses)
        return NetworkOutput(losses, [self._select(*one) for one in zip(logits.sigmoid(), sides, sizes, strict=True)])

    def _losses(self, logits: Tensor, sides: Tensor, targets: Targets) -> dict[str, Tensor]:
        centres = (targets.boxes[:, :2] + targets.boxes[:, 2:]) / 2
        x, y = (centres / _STEP).long().unbind(1)
        wanted = torch.zeros_like(logits)
        wanted[targets.image, targets.labels, y, x] = 1.0
        place = torch.stack([x, y], 1) * _STEP + _STEP / 2
        distances = torch.cat([place - targets.boxes[:, :2], targets.boxes[:, 2:] - place], 1)
        error = functional.smooth_l1_loss(sides[targets.image, :, y, x] / _UNIT, distances / _UNIT, reduction="sum")
        chance = functional.binary_cross_entropy_with_logits(
            logits, wanted, reduction="sum", pos_weight=logits.new_tensor(10.0)
        )
        count = max(1, len(targets.labels))
        return {"class": chance / count, "box": error / count}

    def _select(self, chances: Tensor, sides: Tensor, size: Tensor) -> Detections:
        labels, y, x = (chances >= self.limits.score).nonzero(as_tuple=True)
        scores = chances[labels, y, x]
        place = torch.stack([x, y], 1) * _STEP + _STEP / 2
        near, far = sides[:, y, x].T[:, :2], sides[:, y, x].T[:, 2:]
        boxes = clip_boxes_to_image(torch.cat([place - near, place + far], 1), (int(size[0]), int(size[1])))
        kept = batched_nms(boxes, scores, labels, self.limits.nms_iou)[: self.limits.per_image]
        return Detections(boxes, labels, scores, self._masks(boxes, chances)).take(kept)

    def _masks(self, boxes: Tensor, chances: Tensor) -> Tensor | None:
        if self.mask_frame is None:
            return None
        if self.mask_frame == "box":  # a disc
            grid = torch.linspace(-1, 1, _MASK_SIDE)
            disc = (grid[None] ** 2 + grid[:, None] ** 2 <= 1).float()
            return disc.to(boxes.device).expand(len(boxes), -1, -1)
        height, width = chances.shape[1] * _STEP, chances.shape[2] * _STEP
        masks = boxes.new_zeros(len(boxes), height, width)
        for mask, (left, top, right, bottom) in zip(masks, boxes.round().long().tolist(), strict=True):
            mask[top:bottom, left:right] = 1
        return masks


def build_tiny(label_count: int, options) -> Built:
    return _build(label_count, None)


def build_tiny_masks(label_count: int, options) -> Built:
    return _build(label_count, "box")


def _build(label_count: int, mask_frame: str | None) -> Built:
    module = TinyDetector(label_count, mask_frame)
    return Built(
        module, (0.5, 0.4, 0.3), (0.2, 0.2, 0.2), "bilinear", [["body"], ["context"]], None, False, ("classes",)
    )


def _describe(name: str, task_type: TaskType, fitting: str, builder: str) -> ArchitectureInfo:
    return ArchitectureInfo(
        name=name,
        title=name,
        family={"shorter_side": "fasterrcnn", "letterbox": "yolov5"}[fitting],
        task_types=(task_type,),
        builder=f"tests.vision.inference.detectors:{builder}",
        pretrained=PretrainedInfo((), ""),
        parameters_millions=0.1,
        size_mb=1,
        cpu_images_per_second=1000,
        character="",
        fitting=fitting,
        max_layers_to_freeze=2,
    )


TINY = (
    _describe("tiny_boxes", TaskType.DETECTION, "shorter_side", "build_tiny"),
    _describe("tiny_square", TaskType.DETECTION, "letterbox", "build_tiny"),
    _describe("tiny_masks", TaskType.SEGMENTATION, "shorter_side", "build_tiny_masks"),
)


@contextmanager
def registered() -> Iterator[None]:
    """The catalogue with the tiny networks in it."""
    entries = ARCHITECTURES._entries
    entries.update({info.name: info for info in TINY})
    try:
        yield
    finally:
        for info in TINY:
            del entries[info.name]
