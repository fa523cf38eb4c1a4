"""How long a trial will take: from measured training speeds, scaled to the machine at hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from vision.spec.facts import DataFacts, Machine
from vision.spec.model_names import find_architecture

MEASURED_CORES = 2  # what the table's CPU speeds were measured on
CORES_EXPONENT = 0.8  # two times the cores bring less than two times the speed
GPU_TIMES_FASTER = 60.0  # a GPU beside those two cores: a cautious guess, no GPU was measured
DECODED_PER_CORE = 120.0  # 500 px JPEGs decoded and augmented a second by one core, which a GPU may wait for
VALIDATION_TIMES_FASTER = 3.0  # no backward pass
STARTUP_SECONDS = 12.0  # loading libraries and weights, packaging the model
# The side of the images that the catalogue's speeds were measured with; R-CNNs with reduced proposals.
MEASURED_SIDE = {"training_crop_size": 224, "image_size": 640, "min_size": 320}
FULL_PROPOSALS_TIMES_SLOWER = 2.7  # Faster R-CNN over ResNet-18: 2.5 s a step in place of 0.91 s


def estimate_seconds(task_type: str, values: Mapping[str, Any], data: DataFacts, machine: Machine) -> float:
    """Seconds for the resolved `values`, if no early stop ends them sooner."""
    speed = images_per_second(task_type, values, machine)
    epochs = int(values["number_of_epochs"])
    validations = math.ceil(epochs / int(values["evaluation_frequency"]))
    training = epochs * data.train_images / speed
    validating = (validations + 1) * data.validation_images / (speed * VALIDATION_TIMES_FASTER)
    return STARTUP_SECONDS + training + validating


def images_per_second(task_type: str, values: Mapping[str, Any], machine: Machine) -> float:
    """Training images a second."""
    info = find_architecture(values["model_name"], task_type).of_size(values.get("model_size"))
    work = relative_work(values)
    cores = float(max(1, machine.cpu_count))
    if not machine.gpus:
        return info.cpu_images_per_second * math.pow(cores / MEASURED_CORES, CORES_EXPONENT) / work
    return min(info.cpu_images_per_second * GPU_TIMES_FASTER / work, cores * DECODED_PER_CORE)


def relative_work(values: Mapping[str, Any]) -> float:
    """The work of one image with these settings, in that of one as it was measured."""
    side = next(name for name in MEASURED_SIDE if values.get(name) is not None)
    work = (float(values[side]) / MEASURED_SIDE[side]) ** 2
    if values.get("proposals") not in (None, "reduced"):
        work *= FULL_PROPOSALS_TIMES_SLOWER
    if values.get("tile_grid_size"):
        across, down = values["tile_grid_size"].split("x")
        work *= 1 + int(across) * int(down)
    return work
