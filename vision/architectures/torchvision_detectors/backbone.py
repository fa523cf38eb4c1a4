"""The residual network with a feature pyramid that all of them stand on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torchvision.models.detection.backbone_utils import BackboneWithFPN, resnet_fpn_backbone
from torchvision.ops import FrozenBatchNorm2d
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

BODY = "backbone.body."
FREEZE_GROUPS = (
    ("backbone.body.conv1", "backbone.body.bn1"),
    *((f"backbone.body.layer{index}",) for index in range(1, 5)),
)
_CHANNELS = 256


def make_backbone(network: str, options: Mapping[str, Any]) -> BackboneWithFPN:
    """Feature maps of strides 4, 8, 16, 32 and 64, 256 channels each. All layers may learn.

    Batches of two images are too few to learn normalisation from, so that of pretrained weights is kept as it is;
    from scratch there is none to keep.
    """
    return resnet_fpn_backbone(
        backbone_name=network, weights=None, norm_layer=_choose_norm(options), trainable_layers=5
    )


def make_deep_backbone(network: str, options: Mapping[str, Any]) -> BackboneWithFPN:
    """The same of strides 8 to 128, as RetinaNet has it."""
    return resnet_fpn_backbone(
        backbone_name=network,
        weights=None,
        norm_layer=_choose_norm(options),
        trainable_layers=5,
        returned_layers=[2, 3, 4],
        extra_blocks=LastLevelP6P7(_CHANNELS, _CHANNELS),
    )


def run_backbone(backbone: BackboneWithFPN, images: Tensor) -> dict[str, Tensor]:
    """The feature maps of normalised images, in the layout of the weights: if but one of the two had the channels last,
    all feature maps would."""
    is_first = backbone.body.conv1.weight.is_contiguous()
    features: dict[str, Tensor] = backbone(images.contiguous() if is_first else images)
    return features


def is_from_scratch(options: Mapping[str, Any]) -> bool:
    """Whether no pretrained weights are asked for."""
    return bool(options.get("pretrained", "none") == "none")


def _choose_norm(options: Mapping[str, Any]) -> type[nn.Module]:
    norm: type[nn.Module] = nn.BatchNorm2d if is_from_scratch(options) else FrozenBatchNorm2d
    return norm
