"""YOLOv5 in its sizes, for boxes and for masks.

`cpu_images_per_second`: one training step (forward and backward pass) at 640 px, from the processor time it took on one
core, times 1.8 for two.
"""

from __future__ import annotations

from dataclasses import replace

from vision.catalog.architectures.info import ArchitectureInfo, PretrainedInfo, SizeInfo
from vision.catalog.task_types import TaskType

_ENDS = (".safetensors", ".pth", ".pt")  # as tensors first, then as published: a pickled network


def _size(name: str, letter: str, millions: float, size_mb: int, images_per_second: float) -> SizeInfo:
    files = tuple(f"yolov5{letter}u{end}" for end in _ENDS)
    return SizeInfo(name, f"yolov5{letter}", files, millions, size_mb, images_per_second)


def _mask_size(boxes: SizeInfo, millions: float, size_mb: int, images_per_second: float) -> SizeInfo:
    """Nobody publishes weights for masks: the ones for boxes start all but the layers that make masks."""
    own = tuple(f"{boxes.network}u-seg{end}" for end in _ENDS)
    return SizeInfo(boxes.name, boxes.network, (*own, *boxes.file_names), millions, size_mb, images_per_second)


_MEDIUM = _size("medium", "m", 25.1, 100, 0.72)
_SIZES = (
    _size("nano", "n", 2.6, 11, 5.1),
    _size("small", "s", 9.1, 37, 1.9),
    _MEDIUM,
    _size("large", "l", 53.2, 213, 0.38),
    _size("extra_large", "x", 97.2, 389, 0.2),
)

_MASK_MEDIUM = _mask_size(_MEDIUM, 26.5, 106, 0.51)
_MASK_SIZES = (
    _mask_size(_SIZES[0], 2.9, 12, 3.4),
    _mask_size(_SIZES[1], 9.8, 39, 1.3),
    _MASK_MEDIUM,
    _mask_size(_SIZES[3], 55.8, 223, 0.27),
    _mask_size(_SIZES[4], 101.3, 405, 0.15),
)


def _files(usual: SizeInfo, sizes: tuple[SizeInfo, ...]) -> tuple[str, ...]:
    """Of all sizes, the usual one's first."""
    return (*usual.file_names, *(name for size in sizes if size is not usual for name in size.file_names))


YOLOV5 = ArchitectureInfo(
    name="yolov5",
    title="YOLOv5",
    family="yolov5",
    task_types=(TaskType.DETECTION,),
    builder="vision.architectures.yolov5:build_yolov5",
    pretrained=PretrainedInfo(
        _files(_MEDIUM, _SIZES),
        "vision.architectures.yolov5:download_yolov5",
        dataset="COCO",
    ),
    parameters_millions=_MEDIUM.parameters_millions,
    size_mb=_MEDIUM.size_mb,
    cpu_images_per_second=_MEDIUM.cpu_images_per_second,
    character="One pass finds and names everything: fast in training and in use, in five sizes. Licence: AGPL-3.0.",
    max_layers_to_freeze=10,
    fitting="letterbox",
    options=("model_size",),
    sizes=_SIZES,
)

YOLOV5_SEG = replace(
    YOLOV5,
    name="yolov5_seg",
    title="YOLOv5 segmentation",
    task_types=(TaskType.SEGMENTATION,),
    builder="vision.architectures.yolov5:build_yolov5_masks",
    pretrained=replace(
        YOLOV5.pretrained, file_names=_files(_MASK_MEDIUM, _MASK_SIZES), dataset="COCO, all but the masks"
    ),
    parameters_millions=_MASK_MEDIUM.parameters_millions,
    size_mb=_MASK_MEDIUM.size_mb,
    cpu_images_per_second=_MASK_MEDIUM.cpu_images_per_second,
    character="YOLOv5 that outlines what it finds: fast in training and in use, in five sizes. Licence: AGPL-3.0.",
    sizes=_MASK_SIZES,
)
