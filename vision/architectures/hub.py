"""Any classification network of the Hub that transformers has the code of, built from its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES

from vision.architectures.built import Built
from vision.architectures.hub_layers import find_freeze_groups, list_cam_layers, use_common_activations
from vision.architectures.hub_network import create_network, create_twin, read_colours, read_start
from vision.architectures.introspection import CROPS, check_crops, choose_cam_layer, find_heads
from vision.errors import WeightsUnavailableError, first_line

_INTERPOLATIONS = {2: "bilinear", 3: "bicubic"}  # Pillow's numbers, which the processors' files use
_USUAL_SIDE = 224


class HubClassifier(nn.Module):
    """A network of transformers that answers plain logits."""

    def __init__(self, network: PreTrainedModel) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Images float32 [B, 3, H, W] to logits [B, C]."""
        logits: Tensor = self.network(pixel_values=images, return_dict=True).logits
        return logits


def build_hub(network: str, num_classes: int, options: Mapping[str, Any]) -> Built:
    """The network that the Hub calls `network`. `options` hold what `hub_files.find_hub_options` found.

    Raises:
        NotFoundError: a network that does not classify images, or of which transformers has no code.
        WeightsUnavailableError: its configuration is missing or cannot be built.
        InvalidDocumentError: it takes another image size than the one asked for.
    """
    config = options.get("hub_config")
    if config is None:
        raise WeightsUnavailableError(f"{network} cannot be built without its config.json.")
    create = partial(_create, network, config)
    twin = HubClassifier(create_twin(create, num_classes + 1)).eval()
    module = HubClassifier(create(num_classes))
    _check_sides(network, twin, config, options)
    heads = find_heads(module, twin)
    side = config.get("image_size")
    processor = options.get("hub_processor") or {}
    mean, std = read_colours(processor)
    return Built(
        module=module,
        mean=mean,
        std=std,
        interpolation=_INTERPOLATIONS.get(processor.get("resample", 2), "bicubic"),
        freeze_groups=find_freeze_groups(module, heads),
        cam_layer=choose_cam_layer(twin, list_cam_layers(module), side if isinstance(side, int) else _USUAL_SIDE),
        is_transformer=any("attention" in type(part).__name__.lower() for part in module.modules()),
        heads=heads,
        read_start=partial(read_start, partial(create, num_classes)),
    )


def _create(network: str, config: Mapping[str, Any], num_classes: int) -> PreTrainedModel:
    kinds = MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES
    return use_common_activations(create_network(network, config, num_classes, kinds, "classify images"))


def _check_sides(network: str, twin: nn.Module, config: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    for side in {int(options[name]) for name in CROPS if name in options}:
        try:
            with torch.no_grad():
                twin(torch.empty(1, 3, side, side, device="meta"))
        except NotImplementedError:  # an operation that needs numbers: nothing can be said
            return
        except (ValueError, RuntimeError) as error:
            known = config.get("image_size")
            if isinstance(known, int) and known != side:
                check_crops(network, known, options)
            raise WeightsUnavailableError(
                f"{network} cannot be given RGB images of {side} px: {first_line(error)}"
            ) from error
