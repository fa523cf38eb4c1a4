"""What a builder hands back: a network and the facts the rest of the engine needs about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor, nn

from vision.catalog.architectures import ARCHITECTURES, ArchitectureInfo
from vision.errors import InvalidDocumentError
from vision.registry import load_dotted

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Start:
    """What a weight file gives a network: `tensors` under the network's own names, for all tensors whose names begin
    with `part` and not with one of `lacking`; the rest stays at random. `told` says so, after the file's name."""

    tensors: Mapping[str, Tensor]
    part: str = ""
    lacking: tuple[str, ...] = ()
    told: str = ""


@dataclass(frozen=True)
class Built:
    """A network with untrained weights.

    A classifier's `module` maps images (float32 [B, 3, H, W], RGB in 0–1 less `mean` over `std`) to logits [B, C]; a
    detector's is a `vision.architectures.detection.DetectionNetwork`.
    `freeze_groups` are module names in the order `layers_to_freeze` counts them. `cam_layer` names the last layer that
    still has places (a feature map, or a transformer block's tokens), None where there is no explaining. `heads` are
    the names of the modules (or parameters) whose shapes depend on the label count. `read_start` makes sense of the
    tensors of a file where they may bear other names or be those of a part; None: they are the network's. `options` are
    what it was built with: a model's card keeps them. `slow` are names of modules that learn at a tenth of the rate.
    `is_channels_first` says that on a processor it trains faster with the channels before the places in memory.
    """

    module: nn.Module
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str
    freeze_groups: list[list[str]]
    cam_layer: str | None
    is_transformer: bool
    heads: tuple[str, ...]
    read_start: Callable[[Mapping[str, Tensor]], Start] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    slow: tuple[str, ...] = ()
    is_channels_first: bool = False


def build_architecture(
    name: str, label_count: int, options: Mapping[str, Any] | None = None, task_type: str = ""
) -> Built:
    """The named architecture for `label_count` classes, its weights at random.

    `task_type` is what it is for: some names leave that open.

    Of `options` (resolved training parameters with what `weights.find_options` found, or those a model's card holds)
    only those that shape the network count.

    Raises:
        NotFoundError: no architecture of that name.
        InvalidDocumentError: the network cannot be built with these options.
    """
    info = ARCHITECTURES.get(name, task_type)
    build: Callable[..., Built] = load_dotted(info.builder)
    picked = pick_options(info, options or {})
    return replace(build(*info.arguments, label_count, picked), options=picked)


def pick_options(info: ArchitectureInfo, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the parameters that shape this architecture's network."""
    return {name: parameters[name] for name in info.options if parameters.get(name) is not None}


def freeze_layers(built: Built, count: int) -> list[nn.Module]:
    """Fix the first `count` groups: no gradients. Returns their modules, which must also stay in evaluation mode.

    Raises:
        InvalidDocumentError: there are fewer groups.

    Source: SPEC §4.1, `layers_to_freeze`.
    """
    if count > len(built.freeze_groups):
        raise InvalidDocumentError(
            f"This network has {len(built.freeze_groups)} layers to freeze, not {count}.",
            hint="Lower layers_to_freeze.",
        )
    names = [name for group in built.freeze_groups[:count] for name in group]
    modules = [built.module.get_submodule(name) for name in names]
    for module in modules:
        module.requires_grad_(False)
    return modules
