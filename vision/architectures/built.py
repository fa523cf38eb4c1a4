"""What a builder hands back: a network and the facts the rest of the engine needs about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from vision.catalog.architectures import ARCHITECTURES
from vision.registry import load_dotted

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Built:
    """A network with untrained weights.

    `module` maps images (float32 [B, 3, H, W], RGB in 0–1 less `mean` over `std`) to logits [B, C].
    `freeze_groups` are module names in the order `layers_to_freeze` counts them. `cam_layer` names the last layer that
    still has places (a feature map, or a transformer block's tokens). `head` names the layer sized by the label count.
    """

    module: nn.Module
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str
    freeze_groups: list[list[str]]
    cam_layer: str
    is_transformer: bool
    head: str


def build_architecture(name: str, label_count: int) -> Built:
    """The named architecture for `label_count` classes, its weights at random.

    Raises:
        NotFoundError: no architecture of that name.
    """
    build: Callable[[int], Built] = load_dotted(ARCHITECTURES.get(name).builder)
    return build(label_count)


def freeze_layers(built: Built, count: int) -> list[nn.Module]:
    """Fix the first `count` groups: no gradients. Returns their modules, which must also stay in evaluation mode.

    Source: SPEC §4.1, `layers_to_freeze`.
    """
    names = [name for group in built.freeze_groups[:count] for name in group]
    modules = [built.module.get_submodule(name) for name in names]
    for module in modules:
        module.requires_grad_(False)
    return modules
