"""Vision transformers with timm's keys. Source: Dosovitskiy et al., An Image is Worth 16x16 Words, ICLR 2021."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import timm
from timm.data.config import resolve_model_data_config

from vision.architectures.built import Built


def build_vit(network: str, num_classes: int, options: Mapping[str, Any]) -> Built:
    """The vision transformer that timm calls `network`."""
    module = timm.create_model(network, pretrained=False, num_classes=num_classes)
    # timm's vision transformers differ in their normalisation (0.5, not ImageNet's): read, never assumed.
    facts = resolve_model_data_config(module)  # type: ignore[no-untyped-call]
    depth = sum(1 for _ in module.get_submodule("blocks").children())
    return Built(
        module=module,
        mean=tuple(facts["mean"]),
        std=tuple(facts["std"]),
        interpolation=facts["interpolation"],
        # The published table ends at blocks.11, for deeper transformers too (SPEC §4.1).
        freeze_groups=[["patch_embed"], *([f"blocks.{index}"] for index in range(min(depth, 12)))],
        cam_layer=f"blocks.{depth - 1}.norm1",
        is_transformer=True,
        heads=("head",),
    )
