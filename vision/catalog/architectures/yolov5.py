"""YOLOv5 in its sizes.

`cpu_images_per_second`: one training step (forward and backward pass) at 640 px, from the processor time it took on one
core, times 1.8 for two.
"""

from __future__ import annotations

from vision.catalog.architectures.info import ArchitectureInfo, PretrainedInfo, SizeInfo
from vision.catalog.task_types import TaskType


def _size(name: str, letter: str, millions: float, size_mb: int, images_per_second: float) -> SizeInfo:
    # As tensors first, then as published: a pickled network.
    files = tuple(f"yolov5{letter}u{end}" for end in (".safetensors", ".pth", ".pt"))
    return SizeInfo(name, f"yolov5{letter}", files, millions, size_mb, images_per_second)


_MEDIUM = _size("medium", "m", 25.1, 100, 0.72)
_SIZES = (
    _size("nano", "n", 2.6, 11, 5.1),
    _size("small", "s", 9.1, 37, 1.9),
    _MEDIUM,
    _size("large", "l", 53.2, 213, 0.38),
    _size("extra_large", "x", 97.2, 389, 0.2),
)

YOLOV5 = ArchitectureInfo(
    name="yolov5",
    title="YOLOv5",
    family="yolov5",
    task_types=(TaskType.DETECTION,),
    builder="vision.architectures.yolov5:build_yolov5",
    pretrained=PretrainedInfo(
        (*_MEDIUM.file_names, *(name for size in _SIZES if size is not _MEDIUM for name in size.file_names)),
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
