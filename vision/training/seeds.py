"""Randomness as a function of where the run stands: nothing to save, nothing to lose."""

from __future__ import annotations

import hashlib
import random

import torch


def draw_seed() -> int:
    """A seed for a run that was given none."""
    return random.SystemRandom().randrange(2**31)


def seed_everything(*place: int) -> None:
    """Seed torch's generators from the place: (seed, rank) to build, (seed, rank, epoch, step) for a batch."""
    digest = hashlib.sha256(repr(place).encode()).digest()
    torch.manual_seed(int.from_bytes(digest[:8], "big"))


def make_deterministic(is_seeded: bool) -> None:
    """Choose cuDNN's algorithms by repeatability when a seed was given, else by speed."""
    torch.backends.cudnn.deterministic = is_seeded
    torch.backends.cudnn.benchmark = not is_seeded
