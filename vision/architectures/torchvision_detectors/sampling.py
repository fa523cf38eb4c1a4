"""Losses of a network that is not being trained."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

_SEED = 0  # the same choice of regions at every evaluation, so that losses of epochs compare


@contextmanager
def sample_as_in_training(device: torch.device, *modules: nn.Module) -> Iterator[None]:
    """Inside, `modules` themselves (not what they contain) choose regions and compute losses as while training.

    Afterwards they are as before, and so are the generators of random numbers: an evaluation leaves no trace in the
    training that follows.
    """
    before = [module.training for module in modules]
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        _generator_of(device).manual_seed(_SEED)
        try:
            for module in modules:
                module.training = True
            yield
        finally:
            for module, was_training in zip(modules, before, strict=True):
                module.training = was_training


def _generator_of(device: torch.device) -> torch.Generator:
    if device.type == "cuda":
        return torch.cuda.default_generators[torch.cuda.current_device() if device.index is None else device.index]
    return torch.default_generator
