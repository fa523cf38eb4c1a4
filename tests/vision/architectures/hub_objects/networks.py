"""Networks of the Hub that find objects, of a few thousand weights: as their authors would publish them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn
from transformers import PreTrainedModel

from vision.architectures import Built, build_architecture
from vision.architectures.detection import Targets
from vision.architectures.hub_network import create_network
from vision.architectures.hub_objects.builders import DETECTORS
from vision.architectures.hub_objects.mask_builder import SEGMENTERS
from vision.architectures.weights import load_pretrained
from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.weights_lookup import find_options, find_weights

NAME = "someone/finder"
DETECTION, SEGMENTATION = "image_object_detection", "image_instance_segmentation"
SIDE = 128  # px: the coarsest of four maps must still have places

_RESNET = {"embedding_size": 8, "hidden_sizes": [8, 8, 16, 16], "depths": [1] * 4, "layer_type": "basic"}
_HGNET = {
    "model_type": "hgnet_v2",
    "stem_channels": [3, 8, 8],
    "stage_in_channels": [8, 8, 8, 16],
    "stage_mid_channels": [4] * 4,
    "stage_out_channels": [8, 8, 16, 16],
    "stage_num_blocks": [1] * 4,
    "stage_numb_of_layers": [1] * 4,
    "hidden_sizes": [8, 8, 16, 16],
    "out_indices": [2, 3, 4],
}
_QUERIES = {
    "num_queries": 10,
    "encoder_ffn_dim": 16,
    "encoder_attention_heads": 2,
    "decoder_layers": 2,
    "decoder_ffn_dim": 16,
    "decoder_attention_heads": 2,
}
_RT_DETR = {
    **_QUERIES,
    "backbone_config": {"model_type": "rt_detr_resnet", **_RESNET, "out_indices": [2, 3, 4]},
    "encoder_in_channels": [8, 16, 16],
    "encoder_hidden_dim": 16,
    "d_model": 16,
    "decoder_in_channels": [16] * 3,
    "hidden_expansion": 0.5,
    "num_denoising": 4,
}
_DETR = {
    **_QUERIES,
    "backbone_config": {"model_type": "resnet", **_RESNET, "out_features": ["stage4"]},
    "encoder_layers": 1,
    "d_model": 16,
}
TINY: dict[str, dict[str, Any]] = {
    "rt_detr_v2": _RT_DETR,
    "d_fine": {
        **_RT_DETR,
        "backbone_config": _HGNET,
        "max_num_bins": 8,
        "lqe_hidden_dim": 4,
        "decoder_n_points": [2] * 3,
        "depth_mult": 0.34,
    },
    "deformable_detr": {
        **_DETR,
        "backbone_config": {**_DETR["backbone_config"], "out_features": ["stage2", "stage3", "stage4"]},
        "encoder_n_points": 2,
        "decoder_n_points": 2,
        "d_model": 32,
    },
    "conditional_detr": _DETR,
    "rt_detr": _RT_DETR,
    "detr": _DETR,
    "table-transformer": _DETR,
    "dab-detr": {**_DETR, "hidden_size": 16},
    "yolos": {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "image_size": [SIDE, SIDE],
        "num_detection_tokens": 10,
    },
}
TINY_SEGMENTERS: dict[str, dict[str, Any]] = {
    "mask2former": {
        "backbone_config": {
            "model_type": "swin",
            "embed_dim": 8,
            "depths": [1] * 4,
            "num_heads": [1, 1, 2, 2],
            "window_size": 2,
            "drop_path_rate": 0.0,
            "out_features": ["stage1", "stage2", "stage3", "stage4"],
        },
        "feature_size": 32,
        "mask_feature_size": 16,
        "hidden_dim": 32,
        "encoder_layers": 1,
        "encoder_feedforward_dim": 16,
        "decoder_layers": 3,
        "num_attention_heads": 2,
        "dim_feedforward": 16,
        "num_queries": 10,
        "train_num_points": 256,
    }
}
LISTED = ("rt_detr_v2", "d_fine", "deformable_detr", "conditional_detr")
"""The types of detectors in the catalogue."""


def config_of(kind: str, **changes: Any) -> dict[str, Any]:
    return {"model_type": kind, **(TINY | TINY_SEGMENTERS)[kind], **changes}


def task_of(kind: str) -> str:
    return SEGMENTATION if kind in SEGMENTERS else DETECTION


def build(kind: str, labels: int = 3, pretrained: str = "none") -> Built:
    torch.manual_seed(5)
    options = {"hub_config": config_of(kind), "pretrained": pretrained}
    return build_architecture(NAME, labels, options, task_of(kind))


def publish(folder: Path, kind: str, labels: int = 4) -> PreTrainedModel:
    """A network as its authors publish it, in the folder of weights; the network itself."""
    torch.manual_seed(7)
    network = create_network(NAME, config_of(kind), labels, DETECTORS | SEGMENTERS, "find objects")
    for weight in network.parameters():
        nn.init.normal_(weight, std=0.2)
    target = folder / NAME.replace("/", "--")
    network.save_pretrained(target)
    (target / "preprocessor_config.json").write_text(json.dumps({"do_normalize": False}))
    assert type(network) is getattr(transformers, str((DETECTORS | SEGMENTERS)[kind]))
    return network.eval()


def start(folder: Path, labels: int, task_type: str = DETECTION) -> tuple[Built, bool]:
    """What a run starts with: the network with the published weights, and whether its heads are new."""
    info = ARCHITECTURES.get(NAME, task_type)
    options = {**find_options(info, folder, True, lambda message, fraction: None), "pretrained": "auto"}
    built = build_architecture(NAME, labels, options, task_type)
    loaded = load_pretrained(built, find_weights(info, folder, True, lambda message, fraction: None))
    return built, loaded.is_new_head


def settle(built: Built) -> nn.Module:
    """The network as after training: its normalisation has seen images, its scores differ from place to place. Fresh
    weights let everything come to nothing, and of equal scores any may be the best."""
    module = built.module
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 1.0
    torch.manual_seed(6)
    for name in built.heads:
        nn.init.normal_(module.get_submodule(name).weight, std=1.0)  # type: ignore[arg-type]
    with torch.no_grad():
        module.train()(torch.randn(4, 3, SIDE, SIDE), sizes_of(4), NOTHING)
    return module.eval()


def names_that_freeze(built: Built) -> set[str]:
    """The weights in the groups that `layers_to_freeze` counts."""
    return {
        name
        for group in built.freeze_groups
        for part in group
        for name, _ in built.module.get_submodule(part).named_parameters(prefix=part)
    }


def sizes_of(count: int) -> torch.Tensor:
    return torch.tensor([[SIDE, SIDE]] * count)


OBJECTS = Targets(
    torch.tensor([[10.0, 10, 60, 60], [70, 20, 120, 90], [30, 30, 60, 100]]),
    torch.tensor([0, 1, 2]),
    torch.tensor([0, 0, 2]),
)
"""Two objects on the first image, none on the second, one on the third."""
NOTHING = Targets(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64), torch.zeros(0, dtype=torch.int64))
