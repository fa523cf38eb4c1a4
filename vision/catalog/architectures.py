"""The architectures a job may name: one frozen entry each, the builder resolved on first use.

Adding an architecture is one entry here and one builder under `vision/architectures/`.
"""

from __future__ import annotations

from dataclasses import dataclass

from vision.catalog.task_types import TaskType
from vision.registry import Registry


@dataclass(frozen=True)
class PretrainedInfo:
    """Where the pretrained start is found.

    `file_names` are looked up in order in `STUDIO_WEIGHTS_DIR` (shell patterns allowed); `download` is the dotted
    path of a function that fetches them through the library's own means.
    """

    file_names: tuple[str, ...]
    download: str
    dataset: str = "ImageNet-1k"


@dataclass(frozen=True)
class ArchitectureInfo:
    """One architecture.

    `builder` is the dotted path of `build(num_classes: int) -> vision.architectures.Built`.
    `size_mb` is the float32 weight file; `cpu_images_per_second` what one training step did on 2 cores.
    """

    name: str
    title: str
    family: str
    task_types: tuple[TaskType, ...]
    builder: str
    pretrained: PretrainedInfo
    parameters_millions: float
    size_mb: int
    cpu_images_per_second: float
    character: str
    square_crop: int | None = None  # the one training and validation crop it can take, if only one
    max_layers_to_freeze: int = 0


_CLASSIFICATION = (TaskType.CLASSIFICATION,)

ARCHITECTURES: Registry[ArchitectureInfo] = Registry(
    "architecture",
    [
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
    ],
)


def list_architectures(task_type: str) -> list[ArchitectureInfo]:
    """The architectures that train this task type, lightest first as listed."""
    return [info for info in ARCHITECTURES if task_type in info.task_types]
