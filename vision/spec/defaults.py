"""The documented defaults of each network (SPEC §4.5, §4.6): the table of what differs from the parameter's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vision.catalog.architectures import ArchitectureInfo
from vision.catalog.task_types import TaskType

RCNN_FAMILIES = ("fasterrcnn", "retinanet", "maskrcnn")


@dataclass(frozen=True)
class NetworkDefaults:
    """`learning_rate` is the default of multi-class and of objects, `multilabel_rate` that of multi-label;
    `images_in_12_gib` how many images of the default size a step fits into 12 GiB (None: a whole training batch)."""

    training_batch_size: int
    validation_batch_size: int
    learning_rate: float
    multilabel_rate: float | None = None
    images_in_12_gib: int | None = None
    others: Mapping[str, Any] = field(default_factory=dict)

    def value(self, name: str, task_type: str) -> Any:
        """The default of the parameter `name`.

        Raises:
            KeyError: it is the same for every network.
        """
        if name == "learning_rate":
            is_multilabel = task_type == TaskType.MULTILABEL and self.multilabel_rate is not None
            return self.multilabel_rate if is_multilabel else self.learning_rate
        if name in ("training_batch_size", "validation_batch_size"):
            return getattr(self, name)
        return self.others[name]


_CNN = NetworkDefaults(78, 78, 0.01, 0.035)
_RCNN = NetworkDefaults(2, 1, 0.005, others={"number_of_workers": 4})

# Azure publishes no numbers for networks of the Hub ("the value shipped with the model"); these are its sample
# pipeline's, but for the batch of 4. Networks of timm get AdamW too, which learns with any network: 5e-4 at a batch of
# 16 was measured (EfficientNet-Lite0, 240 images), transformers and their like take a tenth of it.
_TIMM = NetworkDefaults(
    32,
    32,
    7e-4,
    images_in_12_gib=48,
    others={"optimizer": "adamw", "weight_decay": 0.05, "warmup_cosine_lr_cycles": 0.5},
)
_TIMM_TRANSFORMER = replace(_TIMM, learning_rate=7e-5)
_TRANSFORMER = re.compile(r"vit|deit|beit|swin|former|eva|cait|xcit|coat|mixer|dino|clip|convnext")
_HUB = NetworkDefaults(
    16,
    16,
    5e-5,
    images_in_12_gib=48,
    others={
        "optimizer": "adamw",
        "weight_decay": 0.0,
        "learning_rate_scheduler": "warmup_linear",
        "warmup_cosine_lr_warmup_epochs": 0,
        "warmup_cosine_lr_cycles": 0.5,
        "max_grad_norm": 1.0,
        "early_stopping": False,
        "early_stopping_patience": 1,
    },
)

# The average of the weights is part of YOLOv5's published training.
_YOLO = NetworkDefaults(16, 16, 0.01, others={"number_of_epochs": 30, "box_score_threshold": 0.1, "ema": True})

# Of the Hub too, but it finds objects. The rate is what DETR and those after it were published with (their backbones at
# a tenth of it), the batch twice that of Azure's sample pipeline, the epochs those of YOLOv5; none was measured here.
_DETR = NetworkDefaults(
    8,
    8,
    1e-4,
    images_in_12_gib=8,
    others={
        "number_of_epochs": 30,
        "optimizer": "adamw",
        "max_grad_norm": 0.1,
        "nms_iou_threshold": 1.0,
    },
)

# As Mask2Former was published: the same rate, a larger decay, and steps that are nearly always cut short. Over Swin
# tiny a step keeps 2.4 GiB an image (measured at 640 px in 32 bits): what every layer answers for every query.
_MASK2FORMER = replace(_DETR, images_in_12_gib=4, others={**_DETR.others, "max_grad_norm": 0.01, "weight_decay": 0.05})

_BY_NAME = {
    "vits16r224": NetworkDefaults(128, 128, 0.0125, 0.025),
    "vitb16r224": NetworkDefaults(48, 48, 0.0125, 0.025),
    "vitl16r224": NetworkDefaults(10, 10, 0.001, 0.002),
    "yolov5_seg": replace(_YOLO, images_in_12_gib=13),  # the layers that make masks keep a fifth more
}
_BY_FAMILY = {
    **dict.fromkeys(("mobilenet", "resnet", "resnest", "seresnext"), _CNN),
    **dict.fromkeys(RCNN_FAMILIES, _RCNN),
    "yolov5": _YOLO,
    "timm": _TIMM,
    "hub": _HUB,
    "detr": _DETR,
    "mask2former": _MASK2FORMER,
}


def network_defaults(info: ArchitectureInfo) -> NetworkDefaults:
    """The row of this architecture: its own, its family's, or that of networks with an open name."""
    if info.family == "timm" and _TRANSFORMER.search(info.name):
        return _TIMM_TRANSFORMER
    return _BY_NAME.get(info.name) or _BY_FAMILY.get(info.family, _TIMM)
