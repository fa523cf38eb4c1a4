"""Dividing rows into two parts so that every class is in both."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence


def split_indices(labels: Sequence[str], fraction: float, seed: int) -> tuple[list[int], list[int]]:
    """Indices of the rows that stay and of those set aside, both ascending.

    Stratified: each class gives `fraction` of its rows, at least one where it has two, and always keeps one.
    The same labels, fraction (0–1, both excluded) and seed give the same answer on every machine.

    Raises:
        ValueError: a fraction outside 0–1.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction must lie between 0 and 1, got {fraction}")
    rows_of: dict[str, list[int]] = defaultdict(list)
    for index, label in enumerate(labels):
        rows_of[label].append(index)
    generator = random.Random(seed)
    aside: set[int] = set()
    for label in sorted(rows_of):
        rows = rows_of[label]
        generator.shuffle(rows)
        count = min(len(rows) - 1, max(1, round(len(rows) * fraction)))
        aside.update(rows[:count])
    return [index for index in range(len(labels)) if index not in aside], sorted(aside)
