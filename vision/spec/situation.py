"""What a rule sees, and how many images a step may hold here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vision.catalog.architectures import ArchitectureInfo
from vision.spec.defaults import RCNN_FAMILIES, network_defaults
from vision.spec.facts import DataFacts, Machine
from vision.spec.model_names import find_architecture
from vision.spec.parameters import documented_default

BATCHES_FIT = 12 * 2**30  # the documented batch sizes are the largest that fit this much memory
# YOLOv5's sizes are one network with more channels (width) and more layers (depth) a stage.
YOLO_WIDTH_AND_DEPTH = {
    "nano": (0.25, 0.33),
    "small": (0.5, 0.33),
    "medium": (0.75, 0.67),
    "large": (1.0, 1.0),
    "extra_large": (1.25, 1.33),
}


@dataclass(frozen=True)
class Situation:
    """`values` are those settled so far, set ones and documented defaults included."""

    task_type: str
    values: Mapping[str, Any]
    data: DataFacts
    machine: Machine

    @property
    def architecture(self) -> ArchitectureInfo:
        return find_architecture(self.values["model_name"], self.task_type)

    @property
    def is_rcnn(self) -> bool:
        return self.architecture.family in RCNN_FAMILIES

    @property
    def is_from_scratch(self) -> bool:
        """Whether no weights are taken over, neither published ones nor another trial's."""
        return self.values["pretrained"] == "none" and not self.values.get("checkpoint_run_id")

    def documented(self, name: str) -> Any:
        return documented_default(name, self.values["model_name"], self.task_type)

    def takes(self, name: str) -> bool:
        """Whether the architecture that was settled on has this parameter."""
        return name in self.values

    @property
    def updates_per_epoch(self) -> int:
        """How often the weights are changed an epoch, by one process."""
        passes = 1
        if self.values.get("tile_grid_size"):
            across, down = self.values["tile_grid_size"].split("x")
            passes += int(across) * int(down)
        batches = math.ceil(self.data.train_images * passes / int(self.values["training_batch_size"]))
        return max(1, math.ceil(batches / int(self.values["gradient_accumulation_step"])))

    @property
    def memory(self) -> int:
        """The bytes a trial may fill: a GPU's memory, or half of the machine's."""
        gpus = self.machine.gpus
        return min(gpu.memory_bytes for gpu in gpus) if gpus else self.machine.memory_bytes // 2

    def fitting_batch(self, crop_name: str) -> int:
        """How many training images fit the memory, 1 at least; `crop_name` is the size that counts for classifiers."""
        at_documented_size = network_defaults(self.architecture).images_in_12_gib or self.documented(
            "training_batch_size"
        )
        an_image = BATCHES_FIT / at_documented_size * relative_memory(self, crop_name)
        return max(1, int(self.memory / an_image))


def relative_memory(situation: Situation, crop_name: str = "training_crop_size") -> float:
    """The memory of an image with these settings, in those of one with the documented settings."""
    area: float = math.prod(
        (situation.values[name] / situation.documented(name)) ** 2
        for name in (crop_name, "image_size", "min_size")
        if situation.takes(name)
    )
    if not situation.takes("model_size"):
        return area
    # With several scales the largest images, half as long again, must fit.
    largest: float = 1.5**2 if situation.values["multi_scale"] else 1.0
    size, usual = _activations(situation.values["model_size"]), _activations(situation.documented("model_size"))
    return area * largest * size / usual


def _activations(model_size: str) -> float:
    """What a network of that size keeps for the backward pass: an estimate, by its channels and half its layers."""
    width, depth = YOLO_WIDTH_AND_DEPTH[model_size]
    return width * math.sqrt(depth)
