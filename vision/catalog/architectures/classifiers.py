"""The classification networks with names of their own (SPEC §5).

`cpu_images_per_second`: mobilenetv2, resnet18, resnet50, seresnext, vits16r224 and vitb16r224 were measured (forward
and backward pass, 224 px, 2 cores); the others are estimated from their multiplications relative to the nearest one:
the residual and split-attention networks to resnet50 (4.1 G at 7.7 images a second), the transformers to vitb16r224
(17.6 G at 1.6).
"""

from __future__ import annotations

from vision.catalog.architectures.info import WEIGHT_FILE_ENDS, ArchitectureInfo, PretrainedInfo
from vision.catalog.task_types import CLASSIFICATION_TASKS

_IN21K = "ImageNet-21k, fine-tuned on ImageNet-1k"


def _files(first: str, *stems: str) -> tuple[str, ...]:
    """The published file first, then others of these stems; `resnet50` is not the start of `resnet50d` here."""
    return tuple(dict.fromkeys((first, *(f"{stem}{end}" for stem in stems for end in WEIGHT_FILE_ENDS))))


def _resnet(
    depth: int, published: str, millions: float, size_mb: int, images_per_second: float, character: str
) -> ArchitectureInfo:
    return ArchitectureInfo(
        name=f"resnet{depth}",
        title=f"ResNet-{depth}",
        family="resnet",
        task_types=CLASSIFICATION_TASKS,
        network=f"resnet{depth}",
        builder="vision.architectures.resnet:build_resnet",
        pretrained=PretrainedInfo(
            _files(published, f"resnet{depth}"),
            "vision.architectures.resnet:download_resnet",
        ),
        parameters_millions=millions,
        size_mb=size_mb,
        cpu_images_per_second=images_per_second,
        character=character,
        max_layers_to_freeze=5,
    )


def _timm(
    name: str,
    network: str,
    title: str,
    family: str,
    sizes: tuple[float, int, float],
    character: str,
    max_layers_to_freeze: int,
    square_crop: int | None = None,
    dataset: str = "ImageNet-1k",
) -> ArchitectureInfo:
    """`sizes`: millions of weights, MB of the file, images a second."""
    module = {"vit": "vit:build_vit"}.get(family, "timm_resnets:build_timm_resnet")
    return ArchitectureInfo(
        name=name,
        title=title,
        family=family,
        task_types=CLASSIFICATION_TASKS,
        network=network,
        builder=f"vision.architectures.{module}",
        pretrained=PretrainedInfo(
            _files(f"{network}.safetensors", network, name),
            "vision.architectures.timm_weights:download_timm_weights",
            dataset=dataset,
            cache="vision.architectures.timm_weights:find_cached_timm_weights",
        ),
        parameters_millions=sizes[0],
        size_mb=sizes[1],
        cpu_images_per_second=sizes[2],
        character=character,
        square_crop=square_crop,
        max_layers_to_freeze=max_layers_to_freeze,
    )


CLASSIFIERS = (
    ArchitectureInfo(
        name="mobilenetv2",
        title="MobileNetV2",
        family="mobilenet",
        task_types=CLASSIFICATION_TASKS,
        builder="vision.architectures.mobilenet:build_mobilenetv2",
        pretrained=PretrainedInfo(
            (*_files("mobilenet_v2-b0353104.pth", "mobilenet_v2"), "mobilenet_v2_*.safetensors", "mobilenet_v2_*.pth"),
            "vision.architectures.mobilenet:download_mobilenetv2",
        ),
        parameters_millions=2.2,
        size_mb=14,
        cpu_images_per_second=21.1,
        character="Light and fast; the first choice on a CPU.",
        max_layers_to_freeze=19,
    ),
    _resnet(18, "resnet18-f37072fd.pth", 11.2, 47, 20.7, "A plain residual network; robust and quick to train."),
    _resnet(34, "resnet34-b627a593.pth", 21.3, 87, 10.2, "Twice the depth of ResNet-18, at half its speed."),
    _resnet(50, "resnet50-0676ba61.pth", 23.5, 102, 7.7, "The residual network others are compared with."),
    _resnet(101, "resnet101-63fe2227.pth", 42.5, 179, 4.0, "Deeper; for a GPU and a few thousand images."),
    _resnet(152, "resnet152-394f9c45.pth", 58.2, 242, 2.7, "The deepest residual network here; for a GPU."),
    _timm(
        "resnest50", "resnest50d", "ResNeSt-50", "resnest", (25.4, 110, 5.8),
        "Split attention: more accurate than ResNet-50 at about its size.", 5,
    ),
    _timm(
        "resnest101", "resnest101e", "ResNeSt-101", "resnest", (46.2, 193, 3.1),
        "The most accurate of the convolutional networks; for a GPU.", 5,
    ),
    # Azure's takes no other size; the published one is trained at 224.
    _timm(
        "seresnext", "seresnext50_32x4d", "SE-ResNeXt-50", "seresnext", (25.5, 110, 6.8),
        "Grouped convolutions that weigh their channels; a little better than ResNet-50.", 5, square_crop=224,
    ),
    _timm(
        "vits16r224", "vit_small_patch16_224", "ViT small, 16 px patches", "vit", (21.7, 88, 6.0),
        "A vision transformer; strong with pretrained weights, wants a GPU.", 13, 224, _IN21K,
    ),
    _timm(
        "vitb16r224", "vit_base_patch16_224", "ViT base, 16 px patches", "vit", (85.8, 346, 1.6),
        "The usual vision transformer; accurate with pretrained weights, needs a GPU.", 13, 224, _IN21K,
    ),
    _timm(
        "vitl16r224", "vit_large_patch16_224", "ViT large, 16 px patches", "vit", (303.3, 1217, 0.46),
        "The largest network here; needs a GPU with much memory.", 13, 224, _IN21K,
    ),
)  # fmt: skip
