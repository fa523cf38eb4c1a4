"""Networks with queries that find masks: Mask2Former."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.ops import batched_nms, clip_boxes_to_image
from transformers import PreTrainedModel

from vision.architectures.detection import Detections, Targets
from vision.architectures.hub_objects.finder import HubFinder, select_best
from vision.architectures.hub_objects.mask_loss import MaskLoss

_INSIDE = 0.5  # the chance from which a pixel counts for how sure its mask is, whatever becomes of the pixel later


class HubSegmenter(HubFinder):
    """A network whose queries answer `class_queries_logits` [B, Q, C + 1], the last one saying that there is nothing,
    and `masks_queries_logits` [B, Q, h, w], a value for every few px.

    An object's score is its class's probability times the mean of its mask's; its box surrounds the pixels that reach
    `limits.mask`. Source: `post_process_instance_segmentation` of transformers, but that masks may overlap.
    """

    mask_frame = "image"
    mask_stride = 4

    def __init__(self, network: PreTrainedModel) -> None:
        super().__init__(network)
        made: Any = network
        made.criterion = MaskLoss(made.config, made.weight_dict)

    def _list_labels(self, targets: Targets, count: int, frame: tuple[int, int]) -> dict[str, Any]:
        if targets.masks is None:
            raise ValueError("Training needs the masks of its targets.")
        counts = targets.image.bincount(minlength=count).tolist()
        return {
            "mask_labels": list(torch.split(targets.masks, counts)),
            "class_labels": list(torch.split(targets.labels, counts)),
        }

    def _decode(self, answer: Any, sizes: list[list[int]], frame: tuple[int, int]) -> list[Detections]:
        chances = answer.class_queries_logits.float().softmax(-1)[..., :-1]
        masks = self._scale(answer.masks_queries_logits.float(), frame)
        return [self._select(*one) for one in zip(chances, masks, sizes, strict=True)]

    def _scale(self, masks: Tensor, frame: tuple[int, int]) -> Tensor:
        """Masks with a value for every `mask_stride` px of the frame: those of most networks are so already."""
        size = (frame[0] // self.mask_stride, frame[1] // self.mask_stride)
        if masks.shape[-2:] == size:
            return masks
        return functional.interpolate(masks, size=size, mode="bilinear", align_corners=False)

    def _select(self, chances: Tensor, masks: Tensor, size: list[int]) -> Detections:
        """Never more than there are queries, as the library has it, whatever `limits.per_image` says."""
        limits = self.limits
        height, width = (math.ceil(side / self.mask_stride) for side in size)  # what lies beyond is filling
        queries, labels, scores = select_best(chances, int(masks.shape[0]), limits.score, has_background=False)
        shapes = masks[queries, :height, :width].sigmoid()  # [n, h, w]
        scores = scores * _measure_quality(shapes)
        order = scores.argsort(descending=True)
        order = order[(scores[order] >= limits.score).nonzero()[:, 0]]
        boxes = clip_boxes_to_image(_surround(shapes[order], self.mask_stride, limits.mask), (size[0], size[1]))
        has_area = ((boxes[:, 2:] > boxes[:, :2]).all(dim=1)).nonzero()[:, 0]
        order, boxes = order[has_area], boxes[has_area]
        if limits.nms_iou < 1:
            kept = batched_nms(boxes, scores[order], labels[order], limits.nms_iou)
            order, boxes = order[kept], boxes[kept]
        order = order[: limits.per_image]
        return Detections(boxes[: limits.per_image], labels[order], scores[order], shapes[order])


def _measure_quality(shapes: Tensor) -> Tensor:
    """How sure masks [n, h, w] are of their own pixels: their mean probability; 0 where there are none."""
    inside = (shapes > _INSIDE).to(shapes.dtype)
    return (shapes * inside).sum((1, 2)) / (inside.sum((1, 2)) + 1e-6)


def _surround(shapes: Tensor, stride: int, threshold: float) -> Tensor:
    """The boxes float32 [n, 4], xyxy in px, around what of masks [n, h, w] reaches the threshold, `stride` px a value;
    of a mask that never does one without area.

    The masks themselves are not scaled up, which would take `stride`² times their memory: no pixel between the values
    is more probable than the same place between the largest values of its rows, or columns.
    """
    left, right = _find_ends(shapes.amax(1), stride, threshold)
    top, bottom = _find_ends(shapes.amax(2), stride, threshold)
    return torch.stack([left, top, right, bottom], dim=1).to(shapes.dtype)


def _find_ends(values: Tensor, stride: int, threshold: float) -> tuple[Tensor, Tensor]:
    """The first px, and the one behind the last, that reaches the threshold in each row of [n, places]."""
    count = int(values.shape[1]) * stride
    filled = functional.interpolate(values[:, None], size=count, mode="linear", align_corners=False)[:, 0] >= threshold
    places = torch.arange(count, device=values.device)
    first = torch.where(filled, places, count).amin(1)
    last = torch.where(filled, places, -1).amax(1)
    return first, last + 1
