"""Any classification network of the Hub that transformers has the code of, built from its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
import transformers
from torch import Tensor, nn
from transformers import AutoConfig, PreTrainedConfig, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES
from transformers.utils import logging

from vision.architectures.built import IMAGENET_MEAN, IMAGENET_STD, Built, Start
from vision.architectures.hub_layers import find_freeze_groups, list_cam_layers, use_common_activations
from vision.architectures.introspection import CROPS, check_crops, choose_cam_layer, find_heads
from vision.errors import NotFoundError, WeightsUnavailableError

_INTERPOLATIONS = {2: "bilinear", 3: "bicubic"}  # Pillow's numbers, which the processors' files use
_PREFIX = "network."
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
    module = HubClassifier(_create(network, config, num_classes))
    with torch.device("meta"):
        twin = HubClassifier(_create(network, config, num_classes + 1)).eval()
    _check_sides(network, twin, config, options)
    heads = find_heads(module, twin)
    side = config.get("image_size")
    processor = options.get("hub_processor") or {}
    is_normalized = processor.get("do_normalize", True)
    return Built(
        module=module,
        mean=tuple(processor.get("image_mean", IMAGENET_MEAN)) if is_normalized else (0.0, 0.0, 0.0),
        std=tuple(processor.get("image_std", IMAGENET_STD)) if is_normalized else (1.0, 1.0, 1.0),
        interpolation=_INTERPOLATIONS.get(processor.get("resample", 2), "bicubic"),
        freeze_groups=find_freeze_groups(module, heads),
        cam_layer=choose_cam_layer(twin, list_cam_layers(module), side if isinstance(side, int) else _USUAL_SIDE),
        is_transformer=any("attention" in type(part).__name__.lower() for part in module.modules()),
        heads=heads,
        read_start=partial(_read_start, network, config, num_classes),
    )


def _create(network: str, config: Mapping[str, Any], num_classes: int) -> PreTrainedModel:
    kind = str(config.get("model_type"))
    known = MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES.get(kind)
    if known is None:
        raise NotFoundError(
            f"{network} is a network of type {kind}, which transformers {transformers.__version__} does not classify "
            "images with.",
            hint="Choose an image classification network of the Hub.",
        )
    # Some types have several classes, one with the head for distillation: the one that the weights were saved from.
    names = (known,) if isinstance(known, str) else tuple(known)
    saved = config.get("architectures") or ()
    name = next((one for one in names if one in saved), names[0])
    build: type[PreTrainedModel] = getattr(transformers, name)
    try:
        return use_common_activations(build(_configure(kind, config, num_classes)))
    except Exception as error:
        # Whatever a network of the library's makes of a number it did not expect.
        line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise WeightsUnavailableError(
            f"The config.json of {network} does not build: {line}", hint="Replace the file by the one on its page."
        ) from error


def _configure(kind: str, config: Mapping[str, Any], num_classes: int) -> PreTrainedConfig:
    values = {name: value for name, value in config.items() if name not in ("model_type", "architectures")}
    configuration: PreTrainedConfig = AutoConfig.for_model(kind, **values, num_labels=num_classes)
    return configuration


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
            line = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise WeightsUnavailableError(f"{network} cannot be given RGB images of {side} px: {line}") from error


def _read_start(network: str, config: Mapping[str, Any], num_classes: int, tensors: Mapping[str, Tensor]) -> Start:
    """The tensors under today's names: transformers renames what older versions wrote."""
    # What it has to say of fresh heads is said by the run, and its bars are for terminals.
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with torch.random.fork_rng(devices=[]):  # what the file lacks is drawn at random, and dropped again below
        plain = _create(network, config, num_classes)
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
    return Start(
        {_PREFIX + name: value for name, value in loaded.state_dict().items() if name not in lacking - computed}
    )
