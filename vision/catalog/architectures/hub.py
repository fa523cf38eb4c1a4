"""Networks of the Hugging Face Hub by their id.

An id says nothing of what its network does: whoever trains it says that by the task, and the network's own
configuration, read when it is built, has the last word. So an id comes in several roles; those that are listed have
their one.

Speeds are in images a second, a training step on 2 cores. None was measured: those of classifiers are estimated from
their multiplications relative to vitb16r224; those of networks that find objects, at 640 px, are guesses by their size.
"""

from __future__ import annotations

import re
from dataclasses import replace

from vision.catalog.architectures.info import ArchitectureInfo, PretrainedInfo
from vision.catalog.task_types import CLASSIFICATION_TASKS, TaskType

ANY_LAYERS = 999  # how many there are is known when the network is built, which then refuses too many

# The Hub's own rules for an id: at most 96 characters, no two dots or hyphens in a row, which also keeps a folder of
# that name inside its parent.
_HUB_ID = re.compile(r"(?=.{3,96}$)(?!.*(?:--|\.\.))[A-Za-z0-9][\w.-]*/[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9_])?", re.ASCII)
_SIDE_IN_ID = re.compile(r"-(\d{3})(?=-|$)")
_SMALLEST_SIDE = 192

# Images a second in a training step on 2 cores, by the word for a network's size: a guess, for the estimate of a
# trial's length only, drawn from the measured networks of such sizes.
_SPEEDS = (
    (re.compile(r"giant|huge|large|so400m|xlarge"), 0.5),
    (re.compile(r"tiny|small|nano|pico|femto|atto|mobile|lite"), 8.0),
    (re.compile(r"base"), 1.6),
)
_COMMON_SPEED = 4.0
_OBJECTS_SPEED = 0.2
_MASKS_SPEED = 0.05
_BUILDERS = "vision.architectures.hub_objects"


def is_hub_id(name: str) -> bool:
    """Whether the Hub may call a repository so."""
    return _HUB_ID.fullmatch(name) is not None


def describe_hub(name: str) -> ArchitectureInfo:
    """What can be said of the network `name` of the Hub, in all its roles. Figures of 0 are not known."""
    roles = (_classifier(name), _finder(name), _segmenting(name))
    return replace(roles[0], task_types=tuple(task for role in roles for task in role.task_types), roles=roles)


def guess_speed(name: str) -> float:
    """Images a second of a classifier, by the words in its name."""
    return next((speed for words, speed in _SPEEDS if words.search(name)), _COMMON_SPEED)


def plausible_side(side: int) -> int | None:
    """`side` where that may be the side of an image in px."""
    return side if side >= _SMALLEST_SIDE and side % 2 == 0 else None


def _classifier(name: str) -> ArchitectureInfo:
    side = _SIDE_IN_ID.search(name)
    return ArchitectureInfo(
        name=name,
        title=name,
        family="hub",
        task_types=CLASSIFICATION_TASKS,
        network=name,
        builder="vision.architectures.hub:build_hub",
        pretrained=_pretrained(name),
        parameters_millions=0,
        size_mb=0,
        cpu_images_per_second=guess_speed(name.lower()),
        character="A network of the Hub by its id.",
        square_crop=plausible_side(int(side.group(1))) if side else None,
        max_layers_to_freeze=ANY_LAYERS,
        options=("hub_config", "hub_processor", "training_crop_size", "validation_crop_size"),
        find_options="vision.architectures.hub_files:find_hub_options",
    )


def _finder(name: str) -> ArchitectureInfo:
    return replace(
        _classifier(name),
        family="detr",
        task_types=(TaskType.DETECTION,),
        builder=f"{_BUILDERS}.builders:build_hub_detector",
        cpu_images_per_second=_OBJECTS_SPEED,
        square_crop=None,
        fitting="stretch",
        options=("hub_config", "hub_processor", "pretrained"),
    )


def _segmenting(name: str) -> ArchitectureInfo:
    return replace(
        _finder(name),
        family="mask2former",
        task_types=(TaskType.SEGMENTATION,),
        builder=f"{_BUILDERS}.mask_builder:build_hub_segmenter",
        cpu_images_per_second=_MASKS_SPEED,
    )


def _pretrained(name: str) -> PretrainedInfo:
    return PretrainedInfo(
        (f"{name.replace('/', '--')}/model.safetensors",),
        "vision.architectures.hub_files:download_hub_weights",
        dataset="as its page on the Hub says",
        cache="vision.architectures.hub_files:find_cached_hub_weights",
    )


def _curate(
    role: ArchitectureInfo, title: str, sizes: tuple[float, int, float], layers: int, character: str
) -> ArchitectureInfo:
    """`sizes`: millions of weights, MB of the file, images a second."""
    return replace(
        role,
        title=title,
        parameters_millions=sizes[0],
        size_mb=sizes[1],
        cpu_images_per_second=sizes[2],
        character=character,
        max_layers_to_freeze=layers,
    )


def _detector(name: str, title: str, sizes: tuple[float, int, float], character: str) -> ArchitectureInfo:
    return _curate_coco(_finder(name), title, sizes, character)


def _segmenter(name: str, title: str, sizes: tuple[float, int, float], character: str) -> ArchitectureInfo:
    return _curate_coco(_segmenting(name), title, sizes, character)


def _curate_coco(
    role: ArchitectureInfo, title: str, sizes: tuple[float, int, float], character: str
) -> ArchitectureInfo:
    role = replace(role, pretrained=replace(role.pretrained, dataset="COCO"))
    return _curate(role, title, sizes, 5, character)


# The networks that Azure names (SPEC §5).
HUB_CLASSIFIERS = (
    _curate(
        _classifier("google/vit-base-patch16-224"), "ViT base (Hub)", (85.8, 346, 1.6), 13,
        "Google's vision transformer, trained on ImageNet-21k; needs a GPU.",
    ),
    _curate(
        _classifier("facebook/deit-base-patch16-224"), "DeiT base (Hub)", (85.8, 346, 1.6), 13,
        "A vision transformer trained on ImageNet-1k alone, with strong augmentation; needs a GPU.",
    ),
    _curate(
        _classifier("microsoft/beit-base-patch16-224-pt22k-ft22k"), "BEiT base (Hub)", (85.8, 410, 1.6), 13,
        "A vision transformer that learned to fill in masked patches of ImageNet-21k; needs a GPU.",
    ),
    _curate(
        _classifier("microsoft/swinv2-base-patch4-window12-192-22k"), "Swin V2 base (Hub)", (86.9, 437, 2.2), 5,
        "Attention in shifted windows, on images of 192 px; needs a GPU.",
    ),
)  # fmt: skip
HUB_DETECTORS = (
    _detector(
        "ustc-community/dfine-nano-coco", "D-FINE nano (Hub)", (3.8, 15, 1.0),
        "Finds a set of objects at once, with nothing to suppress; the lightest of its kind.",
    ),
    _detector(
        "ustc-community/dfine-small-coco", "D-FINE small (Hub)", (10.3, 42, 0.5),
        "Refines where each side of a box lies: exact boxes at a modern detector's speed.",
    ),
    _detector(
        "PekingU/rtdetr_v2_r18vd", "RT-DETR v2, ResNet-18 (Hub)", (20.2, 81, 0.3),
        "A transformer that finds a set of objects at once; quick, with nothing to suppress.",
    ),
    _detector(
        "PekingU/rtdetr_v2_r50vd", "RT-DETR v2, ResNet-50 (Hub)", (42.9, 172, 0.1),
        "The same over a deeper network: the most accurate detector listed; needs a GPU.",
    ),
    _detector(
        "SenseTime/deformable-detr", "Deformable DETR (Hub)", (40.1, 161, 0.1),
        "A transformer that looks at a few places a query; good with small objects; needs a GPU.",
    ),
    _detector(
        "microsoft/conditional-detr-resnet-50", "Conditional DETR (Hub)", (43.4, 175, 0.1),
        "DETR as it learns several times as fast; large objects well, small ones less so; needs a GPU.",
    ),
)  # fmt: skip
HUB_SEGMENTERS = (
    _segmenter(
        "facebook/mask2former-swin-tiny-coco-instance", "Mask2Former, Swin tiny (Hub)", (47.4, 190, 0.05),
        "A transformer that finds a set of masks at once, with fine outlines; needs a GPU.",
    ),
    _segmenter(
        "facebook/mask2former-swin-small-coco-instance", "Mask2Former, Swin small (Hub)", (68.7, 275, 0.04),
        "The same over a deeper network: the most accurate segmenter listed; needs a GPU.",
    ),
)  # fmt: skip
HUB_ALIASES = {info.name.replace("/", "-"): info.name for info in (*HUB_CLASSIFIERS, *HUB_DETECTORS, *HUB_SEGMENTERS)}
