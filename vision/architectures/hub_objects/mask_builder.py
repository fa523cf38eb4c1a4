"""The builder of segmenters that the catalogue names, apart from that of detectors: a finished model takes along what
it needs alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from transformers import PreTrainedModel

from vision.architectures.built import Built
from vision.architectures.hub_network import create_network
from vision.architectures.hub_objects.assembling import assemble, read_config
from vision.architectures.hub_objects.segmenter import HubSegmenter

SEGMENTERS = {"mask2former": "Mask2FormerForUniversalSegmentation"}


def build_hub_segmenter(network: str, num_classes: int, options: Mapping[str, Any]) -> Built:
    """A network that finds masks.

    Raises:
        NotFoundError: a network that does not, or of which we have no loss.
        WeightsUnavailableError: its configuration is missing or cannot be built.
    """
    config = {**read_config(network, options), "use_auxiliary_loss": True}  # without it the library cannot answer
    create = partial(create_network, network, config, kinds=SEGMENTERS, purpose="find masks")
    return assemble(create, _wrap_segmenter, num_classes, options)


def _wrap_segmenter(network: PreTrainedModel, label_count: int) -> HubSegmenter:
    return HubSegmenter(network)
