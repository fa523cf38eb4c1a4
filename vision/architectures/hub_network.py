"""A network of transformers from the configuration that its authors published: no code of theirs is run, nothing is
fetched, and what makes no sense is refused in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import timm
import torch
import transformers
from torch import Tensor, nn
from transformers import AutoConfig, PreTrainedConfig, PreTrainedModel
from transformers.utils import logging

from vision.architectures.built import IMAGENET_MEAN, IMAGENET_STD, Start
from vision.errors import NotFoundError, WeightsUnavailableError, first_line

PREFIX = "network."
"""What comes before the library's names for tensors in ours."""
Kinds = Mapping[str, Sequence[str]]
"""The class of transformers that does something, or several, by the type of the network."""
Create = Callable[[int], PreTrainedModel]
"""A network, its weights at random, for so many classes."""

_MOST_WEIGHTS = 5_000_000_000  # far more than any network that one would train here: a number in the file is wrong
_TIMM_NAME = re.compile(r"[a-z0-9][a-z0-9_]*(\.[a-z0-9_]+)?")


def create_network(
    network: str, config: Mapping[str, Any], num_classes: int, kinds: Kinds, purpose: str
) -> PreTrainedModel:
    """The network that the Hub calls `network`, by its configuration. `purpose` says in words what `kinds` do.

    Raises:
        NotFoundError: its type is none of the `kinds`.
        WeightsUnavailableError: the configuration does not build, or only what would have to be fetched.
    """
    kind = str(config.get("model_type"))
    known = kinds.get(kind)
    if known is None:
        raise NotFoundError(
            f"{network} is a network of type {kind}, which transformers {transformers.__version__} does not {purpose} "
            "with.",
            hint=f"Choose a network of the Hub that does: {', '.join(kinds)}."
            if len(kinds) < 30
            else "Choose another.",
        )
    # Some types have several classes, one with the head for distillation: the one that the weights were saved from.
    names = (known,) if isinstance(known, str) else tuple(known)
    saved = config.get("architectures") or ()
    name = next((one for one in names if one in saved), names[0])
    build: type[PreTrainedModel] = getattr(transformers, name)
    try:
        return build(_configure(kind, config, num_classes))
    except Exception as error:
        # Whatever a network of the library's makes of a number it did not expect.
        raise WeightsUnavailableError(
            f"The config.json of {network} does not build: {first_line(error)}",
            hint="Replace the file by the one on its page.",
        ) from error


def create_twin(create: Create, num_classes: int) -> PreTrainedModel:
    """The network without its numbers, which costs nothing.

    Raises:
        WeightsUnavailableError: with numbers it would cost too much.
    """
    with torch.device("meta"):
        twin = create(num_classes)
    weights = sum(weight.numel() for weight in twin.parameters())
    if weights > _MOST_WEIGHTS:
        raise WeightsUnavailableError(
            f"The config.json asks for a network of {weights:.1e} weights.",
            hint="Replace the file by the one on its page.",
        )
    return twin


def read_colours(
    processor: Mapping[str, Any],
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Mean and deviation of RGB in 0–1 by which images are normalised, as the processor's file says."""
    if not processor.get("do_normalize", True):
        return (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    return tuple(processor.get("image_mean", IMAGENET_MEAN)), tuple(processor.get("image_std", IMAGENET_STD))


def read_start(create: Callable[[], PreTrainedModel], tensors: Mapping[str, Tensor]) -> Start:
    """The tensors under today's names: transformers renames what older versions wrote."""
    # What it has to say of fresh heads is said by the run, and its bars are for terminals.
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with torch.random.fork_rng(devices=[]):  # what the file lacks is drawn at random, and dropped again below
        plain = create()
        answer: Any = type(plain).from_pretrained(
            None,
            config=plain.config,
            state_dict=dict(tensors),
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    loaded, told = answer
    lacking = {*told["missing_keys"], *(name for name, *_ in told["mismatched_keys"])}
    computed = {name for name, _ in loaded.named_buffers()}  # a buffer that is missing is what the network computed
    lacking -= computed | list_unused(loaded)
    return Start({PREFIX + name: value for name, value in loaded.state_dict().items() if name not in lacking})


def list_unused(network: nn.Module) -> set[str]:
    """The weights that published files lack because the network has no use for them, as its parts say themselves: the
    last normalisation of a Swin that is a backbone."""
    unused: set[str] = set()
    for name, part in network.named_modules():
        for pattern in getattr(part, "_keys_to_ignore_on_load_missing", None) or ():
            own = (weight for weight, _ in part.named_parameters() if re.search(pattern, weight))
            unused.update(f"{name}.{weight}" if name else weight for weight in own)
    return unused


def _configure(kind: str, config: Mapping[str, Any], num_classes: int) -> PreTrainedConfig:
    values = {name: value for name, value in config.items() if name not in ("model_type", "architectures")}
    configuration: PreTrainedConfig = AutoConfig.for_model(kind, **_name_backbone(values), num_labels=num_classes)
    return configuration


def _name_backbone(values: dict[str, Any]) -> dict[str, Any]:
    """The configuration with a backbone that is built from numbers: the library would look any other up on the Hub.

    Raises:
        ValueError: it names one that is no network of timm.
    """
    name, shape = values.get("backbone"), values.get("backbone_config")
    if isinstance(shape, Mapping):
        _check_timm(shape.get("backbone"))
        return {key: value for key, value in values.items() if key not in ("backbone", "backbone_kwargs")}
    if name is None:
        return values
    _check_timm(name)
    if not values.get("use_timm_backbone", True):
        raise ValueError(f"the backbone {name} would have to be looked up on the Hub")
    given = values.get("backbone_kwargs") or {}
    kept = {key: given[key] for key in ("out_indices", "output_stride") if key in given}
    rest = {key: value for key, value in values.items() if key not in ("backbone", "backbone_kwargs")}
    if not kept:
        return {**rest, "backbone": name}
    return {
        **rest,
        "backbone_config": {
            "model_type": "timm_backbone",
            "backbone": name,
            "num_channels": values.get("num_channels", 3),
            "features_only": True,
            **kept,
        },
    }


def _check_timm(name: Any) -> None:
    """`hf-hub:…` and `local-dir:…` are names to timm as well, which it would fetch."""
    if name is None:
        return
    if not isinstance(name, str) or not _TIMM_NAME.fullmatch(name) or not timm.is_model(name):
        raise ValueError(f"there is no backbone named {name}")
