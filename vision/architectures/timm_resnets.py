"""ResNeSt and SE-ResNeXt with timm's keys.

Source: Zhang et al., ResNeSt: Split-Attention Networks, CVPRW 2022; Hu et al., Squeeze-and-Excitation Networks,
CVPR 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import timm
from timm.data.config import resolve_model_data_config

from vision.architectures.built import Built
from vision.architectures.resnet import FREEZE_GROUPS


def build_timm_resnet(network: str, num_classes: int, options: Mapping[str, Any]) -> Built:
    """The residual network that timm calls `network`. Its stem and stages freeze as those of a plain ResNet do."""
    module = timm.create_model(network, pretrained=False, num_classes=num_classes)
    facts = resolve_model_data_config(module)  # type: ignore[no-untyped-call]
    return Built(
        module=module,
        mean=tuple(facts["mean"]),
        std=tuple(facts["std"]),
        interpolation=facts["interpolation"],
        freeze_groups=[list(group) for group in FREEZE_GROUPS],
        cam_layer="layer4",
        is_transformer=False,
        heads=("fc",),
    )
