"""The backbone of a network of the Hub: where it is, what of it is frozen first, how it learns from scratch."""

from __future__ import annotations

from timm.models import FeatureDictNet
from torch import nn
from transformers.backbone_utils import BackboneMixin

from vision.architectures.hub_layers import find_freeze_groups
from vision.architectures.hub_network import list_unused
from vision.architectures.introspection import find_cover


def find_backbone(module: nn.Module) -> str:
    """Its name in `module`; empty where the network is of one piece."""
    parts = (name for name, part in module.named_modules() if isinstance(part, BackboneMixin | FeatureDictNet))
    return next(parts, "")


def list_groups(module: nn.Module, heads: tuple[str, ...]) -> list[list[str]]:
    """What `layers_to_freeze` counts: the backbone's stem, then its stages, the last with what comes after; the layers
    of a network of one piece."""
    name = find_backbone(module)
    if not name:
        return find_freeze_groups(module, heads)
    backbone = module.get_submodule(name)
    groups = _list_timm_groups(backbone) if isinstance(backbone, FeatureDictNet) else find_freeze_groups(backbone, ())
    if groups:
        groups[-1] += _find_rest(backbone, groups)
    return [[f"{name}.{part}" for part in group] for group in groups]


def _find_rest(backbone: nn.Module, groups: list[list[str]]) -> list[str]:
    """The modules in none of the groups: Swin normalises what each stage answers."""
    covered = tuple(f"{part}." for group in groups for part in group)
    return find_cover(backbone, [name for name, _ in backbone.named_parameters() if not name.startswith(covered)])


def free_backbone(module: nn.Module) -> None:
    """The library fixes the first stages of some: here `layers_to_freeze` alone does that. What nothing uses is left
    as it is."""
    name = find_backbone(module)
    if name:
        module.get_submodule(name).requires_grad_(True)
    for unused in list_unused(module):
        module.get_parameter(unused).requires_grad_(False)


def thaw_normalisation(module: nn.Module) -> None:
    """Have the batch normalisation of pretrained backbones, which is kept as it is, learn: from scratch there is
    nothing to keep."""
    for part in list(module.modules()):
        for name, child in part.named_children():
            if type(child).__name__.endswith("FrozenBatchNorm2d"):
                setattr(part, name, _thaw(child))


def _thaw(frozen: nn.Module) -> nn.BatchNorm2d:
    state = frozen.state_dict()
    norm = nn.BatchNorm2d(len(state["weight"]), device=state["weight"].device)
    if not state["weight"].is_meta:
        norm.load_state_dict(state, strict=False)
    return norm


def _list_timm_groups(backbone: FeatureDictNet) -> list[list[str]]:
    """timm names the layer that ends each stage; those before the first stage that shrinks the image once more are its
    stem."""
    ends = {str(info["module"]).replace(".", "_") for info in backbone.feature_info.info}
    groups: list[list[str]] = [[]]
    for name, part in backbone.named_children():
        if any(True for _ in part.parameters()):
            groups[-1].append(name)
        if name in ends and groups[-1]:
            groups.append([])
    return [group for group in groups if group]
