"""What `model_name` may say: the catalogue's names, open names of timm and the Hub, and Azure's curated names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from vision.catalog.architectures import ARCHITECTURES, ArchitectureInfo
from vision.spec.parameter import fold

_ZOO_PREFIX = "mmd-3x-"
_ZOO_NAME = re.compile(r"^mmd-|_(?:coco|lvis|voc|cityscapes)\S*$|_\d+x_|-\d+e_", re.IGNORECASE)


@dataclass(frozen=True)
class Substitute:
    """The architecture trained in place of an MMDetection network, and why that one."""

    architecture: str
    reason: str


_TWO_STAGE = "it too refines a fixed number of candidate boxes over a ResNet with a feature pyramid"
_DENSE = "it too scores every place of a feature pyramid in one pass with a focal loss"
SUBSTITUTES = {
    "deformable-detr_refine_twostage_r50_16xb2-50e_coco": Substitute("fasterrcnn_resnet50_fpn", _TWO_STAGE),
    "sparse-rcnn_r50_fpn_300-proposals_crop-ms-480-800-3x_coco": Substitute("fasterrcnn_resnet50_fpn", _TWO_STAGE),
    "sparse-rcnn_r101_fpn_300-proposals_crop-ms-480-800-3x_coco": Substitute("fasterrcnn_resnet101_fpn", _TWO_STAGE),
    "vfnet_r50-mdconv-c3-c5_fpn_ms-2x_coco": Substitute("retinanet_resnet50_fpn", _DENSE),
    "vfnet_x101-64x4d-mdconv-c3-c5_fpn_ms-2x_coco": Substitute(
        "retinanet_resnet50_fpn", f"{_DENSE}, over a smaller ResNet"
    ),
    "yolof_r50_c5_8x8_1x_coco": Substitute(
        "retinanet_resnet50_fpn", "it too finds boxes in one pass over a ResNet-50, and on a pyramid"
    ),
    "mask-rcnn_swin-t-p4-w7_fpn_1x_coco": Substitute(
        "maskrcnn_resnet50_fpn", "the same Mask R-CNN over a ResNet-50, which is about as large as Swin-T"
    ),
    "rtmdet-ins_x_8xb16-300e_coco": Substitute(
        "maskrcnn_resnet101_fpn", "the nearest in size that finds objects with their outlines"
    ),
}
# What to name instead of another MMDetection network: the first word that the name holds decides.
_NEAREST = (
    (("mask", "solo", "ins_", "condinst", "yolact", "pointrend", "htc", "scnet"), "maskrcnn_resnet50_fpn"),
    (("yolo", "rtmdet", "ssd", "centernet", "cornernet"), "yolov5"),
    (
        ("retina", "fcos", "atss", "gfl", "vfnet", "paa", "tood", "autoassign", "fsaf", "foveabox"),
        "retinanet_resnet50_fpn",
    ),
    (("",), "fasterrcnn_resnet50_fpn"),
)


def read_model_name(value: Any) -> str:
    """The canonical writing of a network's name; a substituted one keeps the name it was given by (`trained_as`).

    Raises:
        ValueError: no network of that name, in words with the nearest that there is.
    """
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"Must be the name of an architecture, not {value!r}.")
    name = value.strip()
    if name in ARCHITECTURES:
        return ARCHITECTURES.get(name).name
    written = {_fold(known): known for known in ARCHITECTURES.names()}
    if known := written.get(_fold(name)):
        return known
    zoo = _zoo_name(name)
    if zoo in SUBSTITUTES:
        return f"{_ZOO_PREFIX}{zoo}"
    raise ValueError(_explain_unknown(name))


def trained_as(name: str) -> tuple[str, str]:
    """The architecture that stands for a canonical model name, and the reason where it is another network."""
    substitute = SUBSTITUTES.get(_zoo_name(name))
    if substitute is None or name in ARCHITECTURES:
        return name, ""
    title = ARCHITECTURES.get(substitute.architecture).title
    return substitute.architecture, f"{name} is MMDetection's; {title} stands in for it: {substitute.reason}."


def find_architecture(name: str, task_type: str = "") -> ArchitectureInfo:
    """What the catalogue says of the network that a canonical model name trains for that task type.

    Raises:
        NotFoundError: no such network.
    """
    return ARCHITECTURES.get(trained_as(name)[0], task_type)


def _fold(name: str) -> str:
    """Azure's registry writes a Hub id with a hyphen for its slash."""
    return fold(name.replace("/", "-"))


def _zoo_name(name: str) -> str:
    return name.lower().removeprefix(_ZOO_PREFIX)


def _explain_unknown(name: str) -> str:
    if _ZOO_NAME.search(name):
        return f"{name} is a network of MMDetection, which is not part of Darkroom. Try {_nearest(name)}."
    close = get_close_matches(name.lower(), ARCHITECTURES.names(), n=1, cutoff=0.5)
    meant = f" Did you mean {close[0]}?" if close else ""
    return f"There is no architecture named {name}.{meant} Known: {', '.join(ARCHITECTURES.names())}."


def _nearest(name: str) -> str:
    lower = _zoo_name(name)
    return next(architecture for words, architecture in _NEAREST if any(word in lower for word in words))
