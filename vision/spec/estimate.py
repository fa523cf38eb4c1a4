"""How long a trial will take: from measured training speeds, scaled to the machine at hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from vision.catalog.architectures import ARCHITECTURES
from vision.spec.facts import DataFacts, Machine

MEASURED_CORES = 2  # what the table's CPU speeds were measured on
CORES_EXPONENT = 0.8  # two times the cores bring less than two times the speed
GPU_TIMES_FASTER = 60.0  # a GPU beside those two cores: a cautious guess, no GPU was measured
DECODED_PER_CORE = 120.0  # 500 px JPEGs decoded and augmented a second by one core, which a GPU may wait for
VALIDATION_TIMES_FASTER = 3.0  # no backward pass
STARTUP_SECONDS = 12.0  # loading libraries and weights, packaging the model
MEASURED_SIDE = 224


def estimate_seconds(values: Mapping[str, Any], data: DataFacts, machine: Machine) -> float:
    """Seconds for the resolved `values`, if no early stop ends them sooner."""
    speed = images_per_second(values, machine)
    epochs = int(values["number_of_epochs"])
    validations = math.ceil(epochs / int(values["evaluation_frequency"]))
    training = epochs * data.train_images / speed
    validating = (validations + 1) * data.validation_images / (speed * VALIDATION_TIMES_FASTER)
    return STARTUP_SECONDS + training + validating


def images_per_second(values: Mapping[str, Any], machine: Machine) -> float:
    """Training images a second."""
    info = ARCHITECTURES.get(values["model_name"])
    relative_area = (float(values["training_crop_size"]) / MEASURED_SIDE) ** 2
    cores = float(max(1, machine.cpu_count))
    if not machine.gpus:
        return info.cpu_images_per_second * math.pow(cores / MEASURED_CORES, CORES_EXPONENT) / relative_area
    return min(info.cpu_images_per_second * GPU_TIMES_FASTER / relative_area, cores * DECODED_PER_CORE)
