"""torchvision's detection reference (`references/detection`), which its package does not hold: the same data set,
transforms, batches and steps, for boxes and for masks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
import torch
from PIL import Image
from pycocotools import mask as coco_masks
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import tv_tensors
from torchvision.models.detection import FasterRCNN, MaskRCNN
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.transforms import v2

from tests.vision.training.resolved_runs import Row
from vision.architectures.torchvision_detectors.proposals import REDUCED

VIEW = v2.Compose(
    [v2.RandomHorizontalFlip(0.5), v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True), v2.SanitizeBoundingBoxes(),
     v2.ToPureTensor()]
)  # fmt: skip


class LabelledImages(Dataset[tuple[torch.Tensor, dict[str, torch.Tensor]]]):
    """The reference's COCO data set over rows: each image is opened when asked for, polygons become masks."""

    def __init__(self, rows: Sequence[Row], names: Sequence[str], has_masks: bool) -> None:
        self.rows, self.has_masks = rows, has_masks
        self.numbers = {name: number for number, name in enumerate(names, start=1)}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        _, data, cell = self.rows[index]
        image = Image.open(BytesIO(data)).convert("RGB")
        target = self._describe(cell, image.width, image.height)
        return VIEW(image, target)

    def _describe(self, cell: Any, width: int, height: int) -> dict[str, Any]:
        boxes = np.array([_box(one) for one in cell], dtype=np.float32).reshape(-1, 4) * np.array(
            [width, height] * 2, dtype=np.float32
        )
        target: dict[str, Any] = {
            "boxes": tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=(height, width)),
            "labels": torch.tensor([self.numbers[one["label"]] for one in cell], dtype=torch.int64),
        }
        if self.has_masks:
            drawn = [_draw(one["polygon"], width, height) for one in cell]
            target["masks"] = tv_tensors.Mask(np.array(drawn, dtype=np.uint8).reshape(-1, height, width))
        return target


def _box(one: Mapping[str, Any]) -> list[float]:
    if "polygon" not in one:
        return [one["topX"], one["topY"], one["bottomX"], one["bottomY"]]
    points = np.concatenate([np.array(ring).reshape(-1, 2) for ring in one["polygon"]])
    return [*points.min(axis=0), *points.max(axis=0)]


def _draw(rings: Sequence[Sequence[float]], width: int, height: int) -> np.ndarray:
    scaled = [(np.array(ring).reshape(-1, 2) * [width, height]).reshape(-1).tolist() for ring in rings]
    drawn: np.ndarray = coco_masks.decode(coco_masks.frPyObjects(scaled, height, width)).max(axis=2)
    return drawn


def build(network: str, classes: int, has_masks: bool, sizes: Mapping[str, int]) -> nn.Module:
    """The network that ours is made of: from scratch, few proposals."""
    backbone = resnet_fpn_backbone(backbone_name=network, weights=None, norm_layer=nn.BatchNorm2d, trainable_layers=5)
    kind = MaskRCNN if has_masks else FasterRCNN
    module: nn.Module = kind(backbone, classes + 1, **sizes, **REDUCED.as_arguments())
    return module


def run_epochs(
    rows: Sequence[Row], names: Sequence[str], has_masks: bool, batch: int, sizes: Mapping[str, int], rate: float
) -> Iterator[float]:
    """Seconds of each epoch."""
    model = build("resnet18", len(names), has_masks, sizes)
    loader = DataLoader(
        LabelledImages(rows, names, has_masks),
        batch,
        shuffle=True,
        collate_fn=lambda batch: tuple(zip(*batch, strict=True)),
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-4)
    while True:
        started = time.perf_counter()
        model.train()
        for images, targets in loader:
            losses = model(list(images), [dict(target) for target in targets])
            loss = sum(losses.values())
            if not np.isfinite(loss.item()):
                raise RuntimeError(f"Loss is {loss.item()}.")
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        yield time.perf_counter() - started
