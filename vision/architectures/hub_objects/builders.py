"""The builder of detectors that the catalogue names. `network` is what the Hub calls it; `options` hold what
`hub_files.find_hub_options` found, and `pretrained`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from transformers import PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_OBJECT_DETECTION_MAPPING_NAMES

from vision.architectures.built import Built
from vision.architectures.hub_network import create_network
from vision.architectures.hub_objects.assembling import assemble, read_config
from vision.architectures.hub_objects.detector import HubDetector
from vision.architectures.hub_objects.layers import JUDGED_HERE

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
    config = read_config(network, options)
    config["auxiliary_loss"] = config.get("model_type") not in (*_ONE_ANSWER, *JUDGED_HERE)
    create = partial(create_network, network, config, kinds=DETECTORS, purpose="find objects")
    return assemble(create, _wrap_detector, num_classes, options)


def _wrap_detector(network: PreTrainedModel, label_count: int) -> HubDetector:
    return HubDetector(network, label_count, _find_stride(network))


def _find_stride(network: PreTrainedModel) -> int:
    """What sides must be multiples of: 32, or the side of whole windows of patches."""
    shape = getattr(network.config, "backbone_config", None)
    patch = getattr(shape, "patch_size", None)
    windows = getattr(shape, "num_windows_side", None) or getattr(shape, "num_windows", None)
    return patch * windows if isinstance(patch, int) and isinstance(windows, int) else _STRIDE
