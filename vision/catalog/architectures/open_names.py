"""Networks by a library's own name: `timm/<name>`, which classify images, and ids of the Hub.

They are too many to list. What is said of them here is read off the name, without the library; whether there is such a
network is found out by whoever builds it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from vision.catalog.architectures.hub import ANY_LAYERS, describe_hub, guess_speed, is_hub_id, plausible_side
from vision.catalog.architectures.info import WEIGHT_FILE_ENDS, ArchitectureInfo, PretrainedInfo
from vision.catalog.task_types import CLASSIFICATION_TASKS

TIMM = "timm/"

_TIMM_NAME = re.compile(r"timm/[a-z0-9][a-z0-9_]*(\.[a-z0-9_]+)?")

# A number at the end of timm's name is the one side the network takes, but for these families, where it is a width.
_SIDE_AT_END = re.compile(r"(?:_|to)(\d{3})$")
_WIDTH_AT_END = re.compile(r"regnet|levit|mobilevit|dm_nfnet|repghostnet|rexnet")
# timm's networks that take one side and do not say it.
_SIDE_BY_WORD = (("dinov2", 518), ("dinov3", 256))


@lru_cache(maxsize=1024)
def describe_open_name(name: str) -> ArchitectureInfo | None:
    """What can be said of a network by its open name; None where it is no such name. Figures of 0 are not known."""
    if _TIMM_NAME.fullmatch(name):
        return _describe_timm(name)
    if is_hub_id(name) and not name.startswith(TIMM):
        return describe_hub(name)
    return None


def _describe_timm(name: str) -> ArchitectureInfo:
    network = name.removeprefix(TIMM)
    return ArchitectureInfo(
        name=name,
        title=network,
        family="timm",
        task_types=CLASSIFICATION_TASKS,
        network=network,
        builder="vision.architectures.timm_open:build_timm",
        pretrained=PretrainedInfo(
            tuple(f"{network}{end}" for end in WEIGHT_FILE_ENDS),
            "vision.architectures.timm_weights:download_timm_weights",
            dataset="as timm publishes it",
            cache="vision.architectures.timm_weights:find_cached_timm_weights",
        ),
        parameters_millions=0,
        size_mb=0,
        cpu_images_per_second=guess_speed(network),
        character="A network of timm by its own name.",
        square_crop=_read_timm_side(network.partition(".")[0]),
        max_layers_to_freeze=ANY_LAYERS,
        options=("training_crop_size", "validation_crop_size"),
    )


def _read_timm_side(network: str) -> int | None:
    said = next((side for word, side in _SIDE_BY_WORD if word in network), None)
    match = _SIDE_AT_END.search(network)
    if match is None or _WIDTH_AT_END.match(network):
        return said
    return plausible_side(int(match.group(1))) or said


# One of timm that is small and good; its speed is what fine-tuning it took relative to mobilenetv2.
EFFICIENTNET = replace(
    _describe_timm("timm/tf_efficientnet_lite0"),
    title="EfficientNet-Lite0 (timm)",
    pretrained=PretrainedInfo(
        (
            *(f"tf_efficientnet_lite0{end}" for end in WEIGHT_FILE_ENDS),
            "efficientnet_lite0*.safetensors",
            "efficientnet_lite0*.pth",
        ),
        "vision.architectures.timm_weights:download_timm_weights",
        cache="vision.architectures.timm_weights:find_cached_timm_weights",
    ),
    parameters_millions=3.4,
    size_mb=19,
    cpu_images_per_second=12.0,
    character="Light, made for phones; more accurate than MobileNetV2, at a little over half its speed.",
    max_layers_to_freeze=8,
)
