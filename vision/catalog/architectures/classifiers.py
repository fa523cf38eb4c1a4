"""The classification networks."""

from __future__ import annotations

from vision.catalog.architectures.info import ArchitectureInfo, PretrainedInfo
from vision.catalog.task_types import TaskType

_CLASSIFICATION = (TaskType.CLASSIFICATION,)


CLASSIFIERS = (
    ArchitectureInfo(
        name="mobilenetv2",
        title="MobileNetV2",
        family="mobilenet",
        task_types=_CLASSIFICATION,
        builder="vision.architectures.mobilenet:build_mobilenetv2",
        pretrained=PretrainedInfo(
            ("mobilenet_v2-7ebf99e0.pth", "mobilenet_v2-*.pth", "mobilenet_v2*.safetensors", "mobilenet_v2*.pth"),
            "vision.architectures.mobilenet:download_mobilenetv2",
        ),
        parameters_millions=2.2,
        size_mb=14,
        cpu_images_per_second=21.1,
        character="Light and fast; the first choice on a CPU.",
        max_layers_to_freeze=19,
    ),
    ArchitectureInfo(
        name="resnet18",
        title="ResNet-18",
        family="resnet",
        task_types=_CLASSIFICATION,
        builder="vision.architectures.resnet:build_resnet18",
        pretrained=PretrainedInfo(
            ("resnet18-f37072fd.pth", "resnet18-*.pth", "resnet18*.safetensors", "resnet18*.pth"),
            "vision.architectures.resnet:download_resnet18",
        ),
        parameters_millions=11.2,
        size_mb=45,
        cpu_images_per_second=20.7,
        character="A plain residual network; robust and quick to train.",
        max_layers_to_freeze=5,
    ),
    ArchitectureInfo(
        name="vits16r224",
        title="ViT small, 16 px patches",
        family="vit",
        task_types=_CLASSIFICATION,
        builder="vision.architectures.vit:build_vits16r224",
        pretrained=PretrainedInfo(
            ("vit_small_patch16_224*.safetensors", "vit_small_patch16_224*.pth", "vits16r224*.safetensors"),
            "vision.architectures.vit:download_vits16r224",
            dataset="ImageNet-21k, fine-tuned on ImageNet-1k",
        ),
        parameters_millions=21.7,
        size_mb=87,
        cpu_images_per_second=6.0,
        character="A vision transformer; strong with pretrained weights, wants a GPU.",
        square_crop=224,
        max_layers_to_freeze=13,
    ),
)
