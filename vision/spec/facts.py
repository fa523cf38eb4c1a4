"""What the rules look at: the data of a job and the machine it will run on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class DataFacts:
    """`smallest_class` is the number of training images of the rarest label."""

    train_images: int
    validation_images: int
    label_count: int
    smallest_class: int


@dataclass(frozen=True)
class GpuFacts:
    name: str
    memory_bytes: int


@dataclass(frozen=True)
class Machine:
    """`gpus` are those one trial may use; empty means that it trains on the CPU."""

    cpu_count: int
    memory_bytes: int
    gpus: tuple[GpuFacts, ...] = ()


@dataclass(frozen=True)
class StartFacts:
    """The run that training starts from, with the resolved parameters it trained with. `is_continued`: training goes on
    where it stopped, in place of beginning anew with its best weights."""

    name: str
    params: Mapping[str, Any]
    is_continued: bool = False

    @property
    def taken(self) -> dict[str, Any]:
        """The parameters that are those of this run unless others are set."""
        if self.is_continued:
            return {name: value for name, value in self.params.items() if name not in START_PARAMETERS}
        return {name: self.params[name] for name in NETWORK_PARAMETERS if self.params.get(name)}


START_PARAMETERS = ("checkpoint_run_id", "checkpoint_state")
NETWORK_PARAMETERS = ("model_name", "model_size")
"""Whose values must be the same, or the weights do not fit."""
