"""What the configurations of the listed networks that find objects say of their shapes: with it they are built, and
trained from scratch, where nothing can be fetched.

Sources: transformers' scripts that converted the published weights; the figures they leave out are its classes' own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Configuration:
    """The contents of `config.json` and `preprocessor_config.json` that count."""

    config: dict[str, Any]
    processor: dict[str, Any]

    def as_options(self) -> dict[str, dict[str, Any]]:
        """As `hub_files.find_hub_options` answers them."""
        return {"hub_config": self.config, "hub_processor": self.processor}


_PLAIN = {"do_normalize": False}  # RT-DETR and D-FINE take values of 0 to 1 as they are
_NORMALISED = {"do_normalize": True, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}

# HGNet V2, B0
_HGNET = {
    "model_type": "hgnet_v2",
    "hidden_sizes": [128, 256, 512, 1024],
    "stem_channels": [3, 16, 16],
    "stage_in_channels": [16, 64, 256, 512],
    "stage_mid_channels": [16, 32, 64, 128],
    "stage_out_channels": [64, 256, 512, 1024],
    "stage_num_blocks": [1, 1, 2, 1],
    "stage_downsample": [False, True, True, True],
    "stage_light_block": [False, False, True, True],
    "stage_kernel_size": [3, 3, 5, 5],
    "stage_numb_of_layers": [3, 3, 3, 3],
    "use_learnable_affine_block": True,
}
_RESNET = {"model_type": "rt_detr_resnet", "out_indices": [2, 3, 4]}
_TIMM_RESNET_50 = {"model_type": "timm_backbone", "backbone": "resnet50", "num_channels": 3, "features_only": True}

# Swin, tiny and small; the rest of Mask2Former are its class's own figures
_SWIN = {
    "model_type": "swin",
    "embed_dim": 96,
    "num_heads": [3, 6, 12, 24],
    "window_size": 7,
    "drop_path_rate": 0.3,
    "out_features": ["stage1", "stage2", "stage3", "stage4"],
}

KNOWN = {
    "ustc-community/dfine-nano-coco": Configuration(
        {
            "model_type": "d_fine",
            "backbone_config": {**_HGNET, "out_indices": [3, 4]},
            "num_feature_levels": 2,
            "feat_strides": [16, 32],
            "encoder_in_channels": [512, 1024],
            "encoder_hidden_dim": 128,
            "encoder_ffn_dim": 512,
            "encode_proj_layers": [1],
            "hidden_expansion": 0.34,
            "depth_mult": 0.5,
            "d_model": 128,
            "decoder_in_channels": [128, 128],
            "decoder_ffn_dim": 512,
            "decoder_n_points": [6, 6],
            "decoder_layers": 3,
        },
        _PLAIN,
    ),
    "ustc-community/dfine-small-coco": Configuration(
        {
            "model_type": "d_fine",
            "backbone_config": {**_HGNET, "out_indices": [2, 3, 4]},
            "encoder_in_channels": [256, 512, 1024],
            "hidden_expansion": 0.5,
            "depth_mult": 0.34,
            "decoder_n_points": [3, 6, 3],
            "decoder_layers": 3,
        },
        _PLAIN,
    ),
    "PekingU/rtdetr_v2_r18vd": Configuration(
        {
            "model_type": "rt_detr_v2",
            "backbone_config": {
                **_RESNET,
                "layer_type": "basic",
                "hidden_sizes": [64, 128, 256, 512],
                "depths": [2, 2, 2, 2],
            },
            "encoder_in_channels": [128, 256, 512],
            "hidden_expansion": 0.5,
            "decoder_layers": 3,
        },
        _PLAIN,
    ),
    "PekingU/rtdetr_v2_r50vd": Configuration({"model_type": "rt_detr_v2", "backbone_config": _RESNET}, _PLAIN),
    "SenseTime/deformable-detr": Configuration(
        {"model_type": "deformable_detr", "backbone_config": {**_TIMM_RESNET_50, "out_indices": [2, 3, 4]}},
        _NORMALISED,
    ),
    "microsoft/conditional-detr-resnet-50": Configuration(
        {"model_type": "conditional_detr", "backbone_config": {**_TIMM_RESNET_50, "out_indices": [1, 2, 3, 4]}},
        _NORMALISED,
    ),
    "facebook/mask2former-swin-tiny-coco-instance": Configuration(
        {"model_type": "mask2former", "backbone_config": {**_SWIN, "depths": [2, 2, 6, 2]}},
        _NORMALISED,
    ),
    "facebook/mask2former-swin-small-coco-instance": Configuration(
        {"model_type": "mask2former", "backbone_config": {**_SWIN, "depths": [2, 2, 18, 2]}},
        _NORMALISED,
    ),
}
