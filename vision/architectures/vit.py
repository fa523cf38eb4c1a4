"""Vision transformers with timm's keys. Source: Dosovitskiy et al., An Image is Worth 16x16 Words, ICLR 2021."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import timm
from timm.data.config import resolve_model_data_config

from vision.architectures.built import Built
from vision.architectures.download import OnProgress, download_from_hub


def build_vits16r224(num_classes: int, options: Mapping[str, Any]) -> Built:
    """ViT small, patches of 16 px, images of 224 px."""
    return _build("vit_small_patch16_224", num_classes)


def download_vits16r224(folder: Path, on_progress: OnProgress) -> Path:
    """timm's default weights of this network, from the hub that timm itself names."""
    return _download("vit_small_patch16_224", folder, on_progress)


def _build(timm_name: str, num_classes: int) -> Built:
    module = timm.create_model(timm_name, pretrained=False, num_classes=num_classes)
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


def _download(timm_name: str, folder: Path, on_progress: OnProgress) -> Path:
    config = timm.get_pretrained_cfg(timm_name)
    repository = str(config.hf_hub_id if config else "")
    return download_from_hub(repository, "model.safetensors", folder, f"{timm_name}.safetensors", on_progress)
