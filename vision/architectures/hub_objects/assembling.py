"""What the builders of networks that find objects have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from transformers import PreTrainedModel

from vision.architectures.built import Built
from vision.architectures.hub_network import create_twin, read_colours, read_start
from vision.architectures.hub_objects.backbone import find_backbone, free_backbone, list_groups, thaw_normalisation
from vision.architectures.hub_objects.finder import HubFinder
from vision.architectures.introspection import find_heads
from vision.errors import WeightsUnavailableError


def read_config(network: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration, whose places are worked out for the image at hand, whatever its size.

    Raises:
        WeightsUnavailableError: there is none.
    """
    config = options.get("hub_config")
    if config is None:
        raise WeightsUnavailableError(f"{network} cannot be built without its config.json.")
    return {name: value for name, value in config.items() if name not in ("anchor_image_size", "eval_size")}


def assemble(
    create: Callable[[int], PreTrainedModel],
    wrap: Callable[[PreTrainedModel, int], HubFinder],
    num_classes: int,
    options: Mapping[str, Any],
) -> Built:
    """The network for so many classes, as the rest of the engine takes it. `create` makes the library's network, `wrap`
    ours of it."""
    twin = wrap(create_twin(create, num_classes + 1), num_classes + 1)
    module = wrap(create(num_classes), num_classes)
    free_backbone(module)
    is_from_scratch = options.get("pretrained", "none") == "none"
    if is_from_scratch:
        thaw_normalisation(module)
        thaw_normalisation(twin)
    heads = find_heads(module, twin)
    backbone = find_backbone(module)
    mean, std = read_colours(options.get("hub_processor") or {})
    return Built(
        module=module,
        mean=mean,
        std=std,
        interpolation="bilinear",
        freeze_groups=list_groups(module, heads),
        cam_layer=None,
        is_transformer=True,
        heads=heads,
        read_start=partial(read_start, partial(create, num_classes)),
        slow=() if is_from_scratch or not backbone else (backbone,),
    )
