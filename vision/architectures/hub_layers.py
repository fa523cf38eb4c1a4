"""The layers of a network of transformers: what it freezes, what explains it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from torch import nn
from transformers.activations import GELUActivation, GELUTanh

from vision.architectures.introspection import find_cover

_NORMS_BEFORE_ATTENTION = ("layernorm_before", "layer_norm1", "norm1")

Module = TypeVar("Module", bound=nn.Module)


def use_common_activations(network: Module) -> Module:
    """The network with torch's own GELU for the library's, which computes the same: explanations know it."""
    for part in network.modules():
        for name, child in part.named_children():
            if type(child) is GELUActivation:
                setattr(part, name, nn.GELU())
            elif type(child) is GELUTanh:
                setattr(part, name, nn.GELU(approximate="tanh"))
    return network


def find_freeze_groups(module: nn.Module, heads: Sequence[str]) -> list[list[str]]:
    """What comes before the layers (or stages) of the encoder, then each of these; none where there is no encoder."""
    encoder = _find_encoder(module)
    if not encoder:
        return []
    names = [name for name, _ in module.named_parameters()]
    first = next(place for place, name in enumerate(names) if name.startswith(f"{encoder}."))
    before = [name for name in names[:first] if not name.startswith(tuple(f"{head}." for head in heads))]
    layers = [[f"{encoder}.{name}"] for name, _ in module.get_submodule(encoder).named_children()]
    return [*([find_cover(module, before)] if before else []), *layers]


def list_cam_layers(module: nn.Module) -> list[str]:
    """What may be the last layer with places, the best first: the tokens as the last block normalises them, else the
    last layer's feature map."""
    encoder = _find_encoder(module)
    names = [name for name, _ in module.named_modules() if name.startswith(f"{encoder}.")]
    norms = [name for name in names if name.rpartition(".")[2] in _NORMS_BEFORE_ATTENTION]
    last = f"{encoder}.{len(module.get_submodule(encoder)) - 1}" if encoder else ""  # type: ignore[arg-type]
    return [*norms[-1:], *([last, encoder.rpartition(".")[0]] if encoder else [])]


def _find_encoder(module: nn.Module) -> str:
    """The list of layers that holds most of the weights."""
    lists = {name: part for name, part in module.named_modules() if isinstance(part, nn.ModuleList) and len(part) > 1}
    return max(lists, key=lambda name: sum(weight.numel() for weight in lists[name].parameters()), default="")
