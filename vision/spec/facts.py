"""What the rules look at: the data of a job and the machine it will run on."""

from __future__ import annotations

from dataclasses import dataclass


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
