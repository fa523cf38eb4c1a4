"""The classification networks of the catalogue as tests build them."""

from __future__ import annotations

from typing import Any

import torch

from vision.architectures import Built, build_architecture
from vision.catalog.architectures import ARCHITECTURES, ArchitectureInfo
from vision.catalog.task_types import TaskType

CLASSIFIERS = [info for info in ARCHITECTURES if TaskType.CLASSIFICATION in info.task_types]
# Small enough to be built and run in every test run; the others are, of numbers, on the meta device only.
QUICK = [info for info in CLASSIFIERS if info.parameters_millions < 12 and info.family != "hub"]
LARGE = [info for info in CLASSIFIERS if info not in QUICK]

# What the configurations published on the Hub say of the networks' shapes.
HUB_CONFIGS: dict[str, dict[str, Any]] = {
    "google/vit-base-patch16-224": {"model_type": "vit", "architectures": ["ViTForImageClassification"]},
    "facebook/deit-base-patch16-224": {"model_type": "vit", "architectures": ["ViTForImageClassification"]},
    "microsoft/beit-base-patch16-224-pt22k-ft22k": {
        "model_type": "beit",
        "architectures": ["BeitForImageClassification"],
        "image_size": 224,
        "layer_scale_init_value": 0.1,
        "use_absolute_position_embeddings": False,
        "use_relative_position_bias": True,
        "use_mean_pooling": True,
    },
    "microsoft/swinv2-base-patch4-window12-192-22k": {
        "model_type": "swinv2",
        "architectures": ["Swinv2ForImageClassification"],
        "image_size": 192,
        "patch_size": 4,
        "embed_dim": 128,
        "depths": [2, 2, 18, 2],
        "num_heads": [4, 8, 16, 32],
        "window_size": 12,
    },
}
TINY_VIT = {
    "model_type": "vit",
    "architectures": ["ViTForImageClassification"],
    "image_size": 32,
    "patch_size": 8,
    "hidden_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 48,
}


def build(info: ArchitectureInfo, label_count: int = 5) -> Built:
    options = {"hub_config": HUB_CONFIGS[info.name]} if info.family == "hub" else {}
    return build_architecture(info.name, label_count, options)


def build_shapes(info: ArchitectureInfo, label_count: int = 5) -> Built:
    """The network without its numbers, which costs nothing."""
    with torch.device("meta"):
        return build(info, label_count)


def side_of(info: ArchitectureInfo) -> int:
    return info.square_crop or 64
