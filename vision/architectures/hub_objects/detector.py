"""Networks with queries that find boxes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torchvision.ops import batched_nms, box_convert, clip_boxes_to_image
from transformers import PreTrainedModel

from vision.architectures.detection import Detections, Targets
from vision.architectures.hub_objects.finder import HubFinder, select_best, widen
from vision.architectures.hub_objects.layers import judge_outputs, pick_up_outputs
from vision.errors import InvalidDocumentError

_CANDIDATES = 1000  # that suppression looks at where it is asked for, the best of an image


class HubDetector(HubFinder):
    """A network whose queries answer `logits` [B, Q, C] and `pred_boxes` [B, Q, 4] (centre and sides, in 0–1).

    Where there is one more logit than there are labels, the classes compete, and the last says that there is nothing
    (DETR); else each has a probability of its own. Boxes are suppressed where `limits.nms_iou` is below 1 alone.
    """

    def __init__(self, network: PreTrainedModel, label_count: int, stride: int = 32) -> None:
        super().__init__(network)
        self.label_count = label_count
        self.stride = stride
        network.loss_function = partial(_lose, network.loss_function)

    def _run(self, images: Tensor, labels: dict[str, Any]) -> tuple[Any, Tensor | None]:
        self._check_places(int(images.shape[-2]), int(images.shape[-1]))
        with pick_up_outputs(self.network) as outputs:
            answer, loss = super()._run(images, labels)
        if loss is not None:
            loss = loss + judge_outputs(self.network, outputs, labels["labels"])
        return answer, loss

    def _check_places(self, height: int, width: int) -> None:
        """A network that starts its queries at the most promising places of its maps (RT-DETR, D-FINE) needs as many
        places as it has queries.

        Raises:
            InvalidDocumentError: the image has fewer.
        """
        config = self.network.config
        strides = list(getattr(config, "feat_strides", None) or [])
        if not strides:  # its queries begin anywhere
            return
        for _ in range(len(strides), config.num_feature_levels):
            strides.append(strides[-1] * 2)  # maps it makes of its coarsest one
        places = count_places(height, width, strides)
        if places >= config.num_queries:
            return
        sides = range(self.stride, 1 << 20, self.stride)
        enough = next(side for side in sides if count_places(side, side, strides) >= config.num_queries)
        raise InvalidDocumentError(
            f"{width} × {height} px are too few for this network: it begins at the best {config.num_queries} places of "
            f"an image, and this one has {places}.",
            hint=f"Set image_size to {enough} or more.",
        )

    def _list_labels(self, targets: Targets, count: int, frame: tuple[int, int]) -> dict[str, Any]:
        height, width = frame
        scale = targets.boxes.new_tensor([width, height, width, height])
        boxes = box_convert(targets.boxes / scale, "xyxy", "cxcywh")
        counts = targets.image.bincount(minlength=count).tolist()
        parts = zip(torch.split(targets.labels, counts), torch.split(boxes, counts), strict=True)
        return {"labels": [{"class_labels": labels, "boxes": part} for labels, part in parts]}

    def _decode(self, answer: Any, sizes: list[list[int]], frame: tuple[int, int]) -> list[Detections]:
        height, width = frame
        logits = answer.logits.float()
        has_background = int(logits.shape[-1]) > self.label_count
        chances = logits.softmax(-1)[..., :-1] if has_background else logits.sigmoid()
        corners = box_convert(answer.pred_boxes.float(), "cxcywh", "xyxy")
        boxes = corners * corners.new_tensor([width, height, width, height])
        return [self._select(*one, has_background) for one in zip(boxes, chances, sizes, strict=True)]

    def _select(self, boxes: Tensor, chances: Tensor, size: list[int], has_background: bool) -> Detections:
        limits = self.limits
        is_suppressing = limits.nms_iou < 1
        most = max(limits.per_image, _CANDIDATES) if is_suppressing else limits.per_image
        queries, labels, scores = select_best(chances, most, limits.score, has_background)
        found = Detections(clip_boxes_to_image(boxes[queries], (size[0], size[1])), labels, scores)
        has_area = (found.boxes[:, 2:] > found.boxes[:, :2]).all(dim=1)
        found = found.take(has_area.nonzero()[:, 0])
        if not is_suppressing:
            return found
        return found.take(batched_nms(found.boxes, found.scores, found.labels, limits.nms_iou)[: limits.per_image])


def count_places(height: int, width: int, strides: Sequence[int]) -> int:
    """The places of maps of these strides, in px."""
    return sum(-(-height // stride) * -(-width // stride) for stride in strides)


def _lose(original: Any, logits: Tensor, labels: Any, device: Any, boxes: Tensor, *rest: Any, **named: Any) -> Any:
    """The library's loss in full precision. It stops at boxes that are no numbers, where we say that training ran away:
    the loss is none then either."""
    if not boxes.isfinite().all():
        return logits.sum() * torch.nan, {}, None
    config, *others = rest
    with torch.autocast(boxes.device.type, enabled=False):
        return original(
            widen(logits), labels, device, widen(boxes), config, *(widen(other) for other in others), **widen(named)
        )
