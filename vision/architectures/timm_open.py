"""Any classification network of timm, by timm's own name."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any

import timm
import torch
from timm.data.config import resolve_model_data_config
from timm.models import group_parameters
from torch import Tensor, nn

from vision.architectures.built import Built, Start
from vision.architectures.introspection import check_crops, choose_cam_layer, find_cover, find_heads
from vision.errors import NotFoundError


def build_timm(network: str, num_classes: int, options: Mapping[str, Any]) -> Built:
    """The network that timm calls `network`, with the tag of its weights behind it or without.

    Raises:
        NotFoundError: timm has no such network, or no such weights of it, or it does not classify.
        InvalidDocumentError: it takes another image size than the one asked for.
    """
    module: Any = _create(network, num_classes)
    facts = resolve_model_data_config(module)  # type: ignore[no-untyped-call]
    if module.pretrained_cfg.get("fixed_input_size"):
        check_crops(f"timm/{network}", facts["input_size"][-1], options)
    with torch.device("meta"):
        twin = _create(network, num_classes + 1)
    heads = find_heads(module, twin)
    if not heads:
        raise NotFoundError(f"timm/{network} does not classify images.", hint="Choose a network with a classifier.")
    return Built(
        module=module,
        mean=tuple(facts["mean"]),
        std=tuple(facts["std"]),
        interpolation=facts["interpolation"],
        freeze_groups=_find_freeze_groups(module, heads),
        cam_layer=choose_cam_layer(twin, _list_cam_layers(module), facts["input_size"][-1]),
        is_transformer=any(hasattr(part, "qkv") for part in module.modules()),
        heads=heads,
        read_start=partial(_read_start, module, heads),
    )


def _create(network: str, num_classes: int) -> nn.Module:
    architecture, _, tag = network.partition(".")
    known = timm.list_models()
    if architecture not in known:
        raise _unknown(network, get_close_matches(architecture, known, n=3))
    tags = [name.partition(".")[2] for name in timm.list_pretrained(f"{architecture}.*")]
    if tag and tag not in tags:
        raise _unknown(network, [f"{architecture}.{other}" for other in get_close_matches(tag, tags, n=3) or tags[:3]])
    module: nn.Module = timm.create_model(network, pretrained=False, num_classes=num_classes)
    return module


def _unknown(network: str, close: Sequence[str]) -> NotFoundError:
    meant = f" Close to it: {', '.join(f'timm/{name}' for name in close)}." if close else ""
    return NotFoundError(f"timm {timm.__version__} has no network named {network}.{meant}", hint="Correct model_name.")


def _find_freeze_groups(module: Any, heads: Sequence[str]) -> list[list[str]]:
    """The stem and the stages as timm itself groups them, up to the one with the classifier; none where it does not."""
    try:
        groups = group_parameters(module, module.group_matcher(coarse=True))
    except (AttributeError, AssertionError):  # a few networks have no matcher, or none of stages
        return []
    covers = []
    for _, names in sorted(groups.items()):
        if any(name.startswith(f"{head}.") for name in names for head in heads):
            break
        covers.append(find_cover(module, names))
    return [cover for cover in covers if cover]


def _list_cam_layers(module: nn.Module) -> list[str]:
    """What may be the last layer with places: the tokens as the last block takes them, else the last feature map."""
    blocks = getattr(module, "blocks", ())
    features = getattr(module, "feature_info", None)
    last = [features[-1]["module"]] if isinstance(features, list) and features else []
    return [f"blocks.{len(blocks) - 1}.norm1", *last]


def _read_start(module: nn.Module, heads: Sequence[str], tensors: Mapping[str, Tensor]) -> Start:
    """The tensors under the names of today's timm: many of its files were written by other programs, or by older ones.

    Source: timm's own loading, which has every family's module bring a file to its names (`checkpoint_filter_fn`).
    """
    convert = getattr(sys.modules[type(module).__module__], "checkpoint_filter_fn", None)
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    fits = all(
        shapes.get(name) == tensor.shape or name.startswith(tuple(f"{head}." for head in heads))
        for name, tensor in module.state_dict().items()
    )
    if convert is None or fits:
        return Start(tensors)
    try:
        return Start(convert(dict(tensors), module))
    except (KeyError, IndexError, ValueError, TypeError, AttributeError, AssertionError, RuntimeError):
        return Start(tensors)  # another network's file: what it lacks is said when it is loaded
