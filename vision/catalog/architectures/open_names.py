"""Classification networks by a library's own name: `timm/<name>`, and ids of the Hub.

They are too many to list. What is said of them here is read off the name, without the library; whether there is such a
network is found out by whoever builds it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from vision.catalog.architectures.info import WEIGHT_FILE_ENDS, ArchitectureInfo, PretrainedInfo
from vision.catalog.task_types import CLASSIFICATION_TASKS

TIMM = "timm/"
ANY_LAYERS = 999  # how many there are is known when the network is built, which then refuses too many

_TIMM_NAME = re.compile(r"timm/[a-z0-9][a-z0-9_]*(\.[a-z0-9_]+)?")
# The Hub's own rules for an id: at most 96 characters, no two dots or hyphens in a row, which also keeps a folder of
# that name inside its parent.
_HUB_ID = re.compile(r"(?=.{3,96}$)(?!.*(?:--|\.\.))[A-Za-z0-9][\w.-]*/[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9_])?", re.ASCII)

# A number at the end of timm's name is the one side the network takes, but for these families, where it is a width.
_SIDE_AT_END = re.compile(r"(?:_|to)(\d{3})$")
_WIDTH_AT_END = re.compile(r"regnet|levit|mobilevit|dm_nfnet|repghostnet|rexnet")
_SIDE_IN_ID = re.compile(r"-(\d{3})(?=-|$)")
_SMALLEST_SIDE = 192
# timm's networks that take one side and do not say it.
_SIDE_BY_WORD = (("dinov2", 518), ("dinov3", 256))

# Images a second in a training step on 2 cores, by the word for a network's size: a guess, for the estimate of a
# trial's length only, drawn from the measured networks of such sizes.
_SPEEDS = (
    (re.compile(r"giant|huge|large|so400m|xlarge"), 0.5),
    (re.compile(r"tiny|small|nano|pico|femto|atto|mobile|lite"), 8.0),
    (re.compile(r"base"), 1.6),
)
_COMMON_SPEED = 4.0


@lru_cache(maxsize=1024)
def describe_open_name(name: str) -> ArchitectureInfo | None:
    """What can be said of a network by its open name; None where it is no such name. Figures of 0 are not known."""
    if _TIMM_NAME.fullmatch(name):
        return _describe_timm(name)
    if _HUB_ID.fullmatch(name) and not name.startswith(TIMM):
        return _describe_hub(name)
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
        cpu_images_per_second=_guess_speed(network),
        character="A network of timm by its own name.",
        square_crop=_read_timm_side(network.partition(".")[0]),
        max_layers_to_freeze=ANY_LAYERS,
        options=("training_crop_size", "validation_crop_size"),
    )


def _describe_hub(name: str) -> ArchitectureInfo:
    folder = name.replace("/", "--")
    side = _SIDE_IN_ID.search(name)
    return ArchitectureInfo(
        name=name,
        title=name,
        family="hub",
        task_types=CLASSIFICATION_TASKS,
        network=name,
        builder="vision.architectures.hub:build_hub",
        pretrained=PretrainedInfo(
            (f"{folder}/model.safetensors",),
            "vision.architectures.hub_files:download_hub_weights",
            dataset="as its page on the Hub says",
            cache="vision.architectures.hub_files:find_cached_hub_weights",
        ),
        parameters_millions=0,
        size_mb=0,
        cpu_images_per_second=_guess_speed(name.lower()),
        character="A classification network of the Hub by its id.",
        square_crop=_plausible(int(side.group(1))) if side else None,
        max_layers_to_freeze=ANY_LAYERS,
        options=("hub_config", "hub_processor", "training_crop_size", "validation_crop_size"),
        find_options="vision.architectures.hub_files:find_hub_options",
    )


def _read_timm_side(network: str) -> int | None:
    said = next((side for word, side in _SIDE_BY_WORD if word in network), None)
    match = _SIDE_AT_END.search(network)
    if match is None or _WIDTH_AT_END.match(network):
        return said
    return _plausible(int(match.group(1))) or said


def _plausible(side: int) -> int | None:
    return side if side >= _SMALLEST_SIDE and side % 2 == 0 else None


def _guess_speed(name: str) -> float:
    return next((speed for words, speed in _SPEEDS if words.search(name)), _COMMON_SPEED)


def _curate(
    name: str, title: str, millions: float, size_mb: int, speed: float, layers: int, character: str
) -> ArchitectureInfo:
    return replace(
        _describe_hub(name),
        title=title,
        parameters_millions=millions,
        size_mb=size_mb,
        cpu_images_per_second=speed,
        character=character,
        max_layers_to_freeze=layers,
    )


# The Hub networks that Azure names (SPEC §5), and one of timm that is small and good. The Hub's speeds are estimated
# from their multiplications relative to vitb16r224, EfficientNet's is what fine-tuning it took relative to mobilenetv2.
LISTED = (
    _curate(
        "google/vit-base-patch16-224", "ViT base (Hub)", 85.8, 346, 1.6, 13,
        "Google's vision transformer, trained on ImageNet-21k; needs a GPU.",
    ),
    _curate(
        "facebook/deit-base-patch16-224", "DeiT base (Hub)", 85.8, 346, 1.6, 13,
        "A vision transformer trained on ImageNet-1k alone, with strong augmentation; needs a GPU.",
    ),
    _curate(
        "microsoft/beit-base-patch16-224-pt22k-ft22k", "BEiT base (Hub)", 85.8, 410, 1.6, 13,
        "A vision transformer that learned to fill in masked patches of ImageNet-21k; needs a GPU.",
    ),
    _curate(
        "microsoft/swinv2-base-patch4-window12-192-22k", "Swin V2 base (Hub)", 86.9, 437, 2.2, 5,
        "Attention in shifted windows, on images of 192 px; needs a GPU.",
    ),
    replace(
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
    ),
)  # fmt: skip
ALIASES = {info.name.replace("/", "-"): info.name for info in LISTED if info.family == "hub"}
