"""Faster R-CNN, Mask R-CNN and RetinaNet, in the depths of SPEC §5.

`cpu_images_per_second`: a training step of two images of 320 px with reduced proposals on 2 cores. Measured with
resnet18; the others from the processor time they took beside it.
"""

from __future__ import annotations

from vision.catalog.architectures.info import WEIGHT_FILE_ENDS, ArchitectureInfo, PretrainedInfo
from vision.catalog.task_types import TaskType

_BUILDERS = "vision.architectures.torchvision_detectors.builders"
_RESNETS = {
    "resnet18": "resnet18-f37072fd.pth",
    "resnet34": "resnet34-b627a593.pth",
    "resnet50": "resnet50-0676ba61.pth",
    "resnet101": "resnet101-63fe2227.pth",
    "resnet152": "resnet152-394f9c45.pth",
}


def _network(
    kind: tuple[str, str, TaskType],
    network: str,
    figures: tuple[float, int, float],
    character: str,
    published: str = "",
    options: tuple[str, ...] = ("pretrained", "proposals"),
) -> ArchitectureInfo:
    """`kind`: family, title and task type; `figures`: millions of weights, MB of the file, images a second;
    `published`: the file of the whole network, where there is one."""
    family, title, task_type = kind
    name = f"{family}_{network}_fpn"
    function = {"fasterrcnn": "faster_rcnn", "maskrcnn": "mask_rcnn"}.get(family, family)
    return ArchitectureInfo(
        name=name,
        title=f"{title}, ResNet-{network.removeprefix('resnet')}",
        family=family,
        task_types=(task_type,),
        network=network,
        builder=f"{_BUILDERS}:build_{function}",
        pretrained=_published(name, network, published, function) if published else _backbone_alone(name, network),
        parameters_millions=figures[0],
        size_mb=figures[1],
        cpu_images_per_second=figures[2],
        character=character,
        max_layers_to_freeze=5,
        fitting="shorter_side",
        options=options,
    )


def _published(name: str, network: str, published: str, function: str) -> PretrainedInfo:
    return PretrainedInfo(
        (published, f"{name}_coco*.pth", *_files(name)),
        f"{_BUILDERS}:download_{function}",
        dataset="COCO",
        fallback_names=(_RESNETS[network], *_files(network)),
    )


def _backbone_alone(name: str, network: str) -> PretrainedInfo:
    return PretrainedInfo(
        (*_files(name), _RESNETS[network], *_files(network)),
        "vision.architectures.resnet:download_resnet",
        dataset="ImageNet-1k, the backbone alone",
    )


def _files(stem: str) -> tuple[str, ...]:
    return tuple(f"{stem}{end}" for end in WEIGHT_FILE_ENDS)


_FASTER = ("fasterrcnn", "Faster R-CNN", TaskType.DETECTION)
_RETINA = ("retinanet", "RetinaNet", TaskType.DETECTION)
_MASK = ("maskrcnn", "Mask R-CNN", TaskType.SEGMENTATION)

FASTER_RCNNS = (
    _network(_FASTER, "resnet18", (28.3, 113, 2.2), "Two stages: exact boxes, slow. The lightest of its kind."),
    _network(
        _FASTER, "resnet34", (38.4, 154, 1.8), "Two stages: exact boxes, slow. A little deeper than the lightest."
    ),
    _network(
        _FASTER,
        "resnet50",
        (41.3, 166, 1.6),
        "Two stages: exact boxes, slow. Starts whole from COCO: the first choice of its kind on few images.",
        published="fasterrcnn_resnet50_fpn_coco-258fb6c6.pth",
    ),
    _network(_FASTER, "resnet101", (60.3, 242, 1.1), "Two stages: exact boxes. Deep; wants a GPU and many images."),
    _network(
        _FASTER, "resnet152", (75.9, 305, 0.9), "Two stages: exact boxes. The deepest; wants a GPU and many images."
    ),
)
RETINANETS = (
    _network(
        _RETINA,
        "resnet18",
        (19.3, 77, 2.4),
        "One stage, and a loss that many easy places do not drown. Light: learns on a processor, from scratch even.",
        options=("pretrained",),
    ),
    _network(
        _RETINA,
        "resnet50",
        (32.2, 129, 1.7),
        "One stage, and a loss that many easy places do not drown: good where objects are few or small. Starts from "
        "COCO.",
        published="retinanet_resnet50_fpn_coco-eeacb38b.pth",
        options=("pretrained",),
    ),
)
MASK_RCNNS = (
    _network(_MASK, "resnet18", (30.9, 124, 2.2), "Boxes, then a mask in each. The lightest of its kind."),
    _network(_MASK, "resnet34", (41.0, 164, 1.8), "Boxes, then a mask in each. A little deeper than the lightest."),
    _network(
        _MASK,
        "resnet50",
        (43.9, 176, 1.5),
        "Boxes, then a mask in each. Starts whole from COCO: the first choice on few images.",
        published="maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth",
    ),
    _network(_MASK, "resnet101", (62.9, 252, 1.1), "Boxes, then a mask in each. Deep; wants a GPU and many images."),
    _network(
        _MASK, "resnet152", (78.5, 315, 0.9), "Boxes, then a mask in each. The deepest; wants a GPU and many images."
    ),
)
