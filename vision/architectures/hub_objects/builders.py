"""The builders that the catalogue names. `network` is what the Hub calls it; `options` hold what
`hub_files.find_hub_options` found, and `pretrained`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from transformers import PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_OBJECT_DETECTION_MAPPING_NAMES

from vision.architectures.built import Built
from vision.architectures.hub_network import create_network, create_twin, read_colours, read_start
from vision.architectures.hub_objects.backbone import find_backbone, free_backbone, list_groups, thaw_normalisation
from vision.architectures.hub_objects.detector import HubDetector
from vision.architectures.hub_objects.finder import HubFinder
from vision.architectures.hub_objects.layers import JUDGED_HERE
from vision.architectures.introspection import find_heads
from vision.errors import WeightsUnavailableError

# These answer text lines or reading orders, or cannot be trained.
_OTHER = ("pp_ocr", "pp_doclayout")
DETECTORS = {
    kind: name for kind, name in MODEL_FOR_OBJECT_DETECTION_MAPPING_NAMES.items() if not kind.startswith(_OTHER)
}
# Its last layer alone answers: there are no others' losses to add.
_ONE_ANSWER = ("yolos",)
_STRIDE = 32


def build_hub_detector(network: str, num_classes: int, options: Mapping[str, Any]) -> Built:
    """A network that finds boxes.

    Raises:
        NotFoundError: a network that does not, or of which transformers has no code.
        WeightsUnavailableError: its configuration is missing or cannot be built.
    """
    config = _read_config(network, options)
    config["auxiliary_loss"] = config.get("model_type") not in (*_ONE_ANSWER, *JUDGED_HERE)
    create = partial(create_network, network, config, kinds=DETECTORS, purpose="find objects")
    return _build(create, _wrap_detector, num_classes, options)


def _read_config(network: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration, whose places are worked out for the image at hand, whatever its size."""
    config = options.get("hub_config")
    if config is None:
        raise WeightsUnavailableError(f"{network} cannot be built without its config.json.")
    return {name: value for name, value in config.items() if name not in ("anchor_image_size", "eval_size")}


def _wrap_detector(network: PreTrainedModel, label_count: int) -> HubDetector:
    return HubDetector(network, label_count, _find_stride(network))


def _find_stride(network: PreTrainedModel) -> int:
    """What sides must be multiples of: 32, or the side of whole windows of patches."""
    shape = getattr(network.config, "backbone_config", None)
    patch = getattr(shape, "patch_size", None)
    windows = getattr(shape, "num_windows_side", None) or getattr(shape, "num_windows", None)
    return patch * windows if isinstance(patch, int) and isinstance(windows, int) else _STRIDE


def _build(
    create: Callable[[int], PreTrainedModel],
    wrap: Callable[[PreTrainedModel, int], HubFinder],
    num_classes: int,
    options: Mapping[str, Any],
) -> Built:
    twin = wrap(create_twin(create, num_classes + 1), num_classes + 1)
    module = wrap(create(num_classes), num_classes)
    free_backbone(module)
    is_from_scratch = options.get("pretrained", "none") == "none"
    if is_from_scratch:
        thaw_normalisation(module)
        thaw_normalisation(twin)
    heads = find_heads(module, twin)
    backbone = find_backbone(module)
    mean, std = read_colours(options.get("hub_processor") or {})
    return Built(
        module=module,
        mean=mean,
        std=std,
        interpolation="bilinear",
        freeze_groups=list_groups(module, heads),
        cam_layer=None,
        is_transformer=True,
        heads=heads,
        read_start=partial(read_start, partial(create, num_classes)),
        slow=() if is_from_scratch or not backbone else (backbone,),
    )
