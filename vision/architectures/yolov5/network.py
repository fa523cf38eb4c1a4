"""YOLOv5 with the anchor-free head, as a network that finds objects.

Source: ultralytics (AGPL-3.0), whose layers, assignment of objects to places and losses these are; the keys of its
published weights are this network's.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.ops import batched_nms, box_convert, clip_boxes_to_image, remove_small_boxes

from vision.architectures.detection import DetectionNetwork, Detections, NetworkOutput, Targets
from vision.architectures.yolov5.library import (
    NETWORKS,
    DetectionModel,
    make_anchors,
    read_yaml,
    v8DetectionLoss,
)

SCALES = {"nano": "n", "small": "s", "medium": "m", "large": "l", "extra_large": "x"}
_COCO_CLASSES = 80
_GAINS = SimpleNamespace(box=7.5, cls=0.5, dfl=1.5)  # ultralytics' own
_CANDIDATES = 8192  # that suppression looks at, the best of an image
_SMALLEST_SIDE = 1e-2  # px: what lies outside of the picture has none


class YoloV5(DetectionNetwork):
    """YOLOv5 of one of the `SCALES` for `label_count` classes, its weights at random.

    Losses are `box` (complete IoU), `class` (binary cross entropy) and `distribution` (of a side's distance), each with
    ultralytics' gain and averaged over the batch (weighted by how well the places fit their objects), so they do not
    grow with it. ultralytics' own trainer multiplies them by the images of an update, 64 (`nbs`), and then cuts the
    gradient's norm to 10; with the mean, SGD at 0.01 learns with no such cut.
    """

    stride = 32
    loss_limit = 1000.0  # images without objects while the network still sees some everywhere cost hundreds

    def __init__(self, size: str, label_count: int) -> None:
        super().__init__()
        # As wide as for COCO, whatever the classes: so all but the last layer fits the published weights.
        built = self._create({**read_yaml(NETWORKS / "yolov5.yaml"), "scale": SCALES[size]}, _COCO_CLASSES)
        self.model: nn.Sequential = built.model
        self.args = _GAINS  # where the criterion looks for them
        self._kept = frozenset(built.save)
        self._fit_head(label_count)

    def forward(self, images: Tensor, sizes: Tensor, targets: Targets | None = None) -> NetworkOutput:
        raw = self._raw(images)
        losses = {} if targets is None else self._losses(raw, images, targets)
        if self.training:
            return NetworkOutput(losses)
        return NetworkOutput(losses, self._find(raw, sizes))

    def score_places(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """What every place of the feature maps proposes: boxes float32 [B, places, 4], xyxy in px and not cut off, and
        probabilities float32 [B, places, C]. No suppression, so a graph of it has fixed shapes."""
        return self._decode(self._raw(images))

    @property
    def head(self) -> Any:
        """The last layer, ultralytics' `Detect`."""
        return self.model[-1]

    def _create(self, layout: dict[str, Any], label_count: int) -> Any:
        """ultralytics' network of that layout."""
        return DetectionModel(layout, ch=3, nc=label_count, verbose=False)

    def _fit_head(self, label_count: int) -> None:
        head = self.head
        for branch in head.cv3:
            branch[-1] = nn.Conv2d(branch[-1].in_channels, label_count, 1)
        head.nc = label_count
        head.no = label_count + 4 * head.reg_max
        head.bias_init()

    def _raw(self, images: Tensor) -> dict[str, Any]:
        """The head's outputs: `boxes` [B, 64, places], `scores` [B, C, places] (logits), and the maps it saw."""
        if any(side % self.stride for side in images.shape[-2:]):
            raise ValueError(f"the sides of {tuple(images.shape)} are not multiples of {self.stride}")
        outputs: list[Tensor | None] = []
        latest: Any = images
        layers: list[Any] = list(self.model)
        for layer in layers[:-1]:
            latest = layer(self._inputs(layer.f, latest, outputs))
            outputs.append(latest if layer.i in self._kept else None)
        return self._ask_head(self._inputs(self.head.f, latest, outputs))

    def _ask_head(self, maps: list[Tensor]) -> dict[str, Any]:
        found: dict[str, Any] = self.head.forward_head(maps, **self.head.one2many)
        return found

    def _inputs(self, source: int | list[int], latest: Any, outputs: list[Tensor | None]) -> Any:
        """What a layer takes: outputs by the layers' numbers, -1 for the one just before."""
        if isinstance(source, int):
            return latest if source == -1 else outputs[source]
        return [latest if number == -1 else outputs[number] for number in source]

    def _losses(self, raw: dict[str, Any], images: Tensor, targets: Targets) -> dict[str, Tensor]:
        height, width = images.shape[-2:]
        scale = images.new_tensor([width, height, width, height], dtype=torch.float32)
        objects = {
            "batch_idx": targets.image.to(torch.float32),
            "cls": targets.labels.to(torch.float32),
            "bboxes": box_convert(targets.boxes.to(torch.float32), "xyxy", "cxcywh") / scale,
        }
        with torch.autocast(images.device.type, enabled=False):
            return self._measure(_in_full(raw), objects, targets)

    def _measure(self, raw: dict[str, Any], objects: dict[str, Tensor], targets: Targets) -> dict[str, Tensor]:
        """ultralytics' own criterion; `objects` are the targets as it wants them."""
        losses = v8DetectionLoss(self).get_assigned_targets_and_loss(raw, objects)[1]
        return dict(zip(("box", "class", "distribution"), losses, strict=True))

    def _decode(self, raw: dict[str, Any]) -> tuple[Tensor, Tensor]:
        with torch.autocast(raw["boxes"].device.type, enabled=False):
            full = _in_full(raw)
            centres, strides = make_anchors(full["feats"], self.head.stride, 0.5)  # [places, 2], [places, 1]
            sides = self.head.dfl(full["boxes"]).transpose(
                1, 2
            )  # [B, places, 4]: left, top, right, bottom of the centre
            boxes = torch.cat([centres - sides[..., :2], centres + sides[..., 2:]], dim=2) * strides
            return boxes, full["scores"].sigmoid().transpose(1, 2)

    def _find(self, raw: dict[str, Any], sizes: Tensor) -> list[Detections]:
        boxes, probabilities = self._decode(raw)
        return [self._select(*one)[0] for one in zip(boxes, probabilities, sizes.tolist(), strict=True)]

    def _select(self, boxes: Tensor, probabilities: Tensor, size: list[int]) -> tuple[Detections, Tensor]:
        """What is found in one image, and the place that proposed each, int64 [n]."""
        limits = self.limits
        places, labels = (probabilities >= limits.score).nonzero(as_tuple=True)
        # Not topk: a graph of it would for ever look at as many as there were on the image it was traced with.
        ordered, order = probabilities[places, labels].sort(descending=True)
        scores, best = ordered[:_CANDIDATES], order[:_CANDIDATES]
        places, labels = places[best], labels[best]
        found = Detections(clip_boxes_to_image(boxes[places], (size[0], size[1])), labels, scores)
        sized = remove_small_boxes(found.boxes, _SMALLEST_SIDE)
        found, places = found.take(sized), places[sized]
        kept = batched_nms(found.boxes, found.scores, found.labels, limits.nms_iou)[: limits.per_image]
        return found.take(kept), places[kept]


def _in_full(raw: dict[str, Any]) -> dict[str, Any]:
    """The head's outputs in float32, the maps too: places take their type, and in bfloat16 those far out would fall
    together."""
    maps = [one[:1, :1].float() for one in raw["feats"]]  # of which only height, width and type count
    return {**{name: value.float() for name, value in raw.items() if name != "feats"}, "feats": maps}
