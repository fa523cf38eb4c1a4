"""XRAI's ranking: which regions hold the densest attribution, and the value each pixel gets for it."""

from __future__ import annotations

import numpy as np

_LEAST_NEW = 50  # px: a region that adds fewer is passed over


def rank_at_once(attribution: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Regions ordered by their own density; each covers what those before it left. Float64 [H, W].

    `attribution`: float64 [H, W]; `masks`: bool [N, H, W].
    """
    values = attribution.ravel()
    flat = masks.reshape(len(masks), -1)
    densities = [values[mask].mean() for mask in flat]
    ranking = _Ranking(values)
    for index in sorted(range(len(flat)), key=lambda i: -densities[i]):
        new = np.flatnonzero(flat[index] & ~ranking.covered)
        if len(new) >= _LEAST_NEW:
            ranking.cover(new, float(values[new].mean()))
    return ranking.finish().reshape(attribution.shape)


def rank_one_by_one(attribution: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Always the region next whose uncovered part is densest. Float64 [H, W]; arguments as in `rank_at_once`.

    Source: Kapishnikov et al., XRAI, ICCV 2019, algorithm 1.
    """
    values = attribution.ravel()
    flat = masks.reshape(len(masks), -1)
    counts = flat.sum(axis=1)
    sums = flat @ values
    ranking = _Ranking(values)
    while True:
        is_open = counts >= _LEAST_NEW
        if not is_open.any():
            return ranking.finish().reshape(attribution.shape)
        gains = np.where(is_open, sums / np.maximum(counts, 1), -np.inf)
        best = int(gains.argmax())
        new = np.flatnonzero(flat[best] & ~ranking.covered)
        ranking.cover(new, float(gains[best]))
        # What is covered no longer counts for the others: each pixel is taken off once in all.
        taken = flat[:, new]
        counts = counts - taken.sum(axis=1)
        sums = sums - taken @ values[new]


class _Ranking:
    """The values given so far."""

    def __init__(self, attribution: np.ndarray) -> None:
        self._attribution = attribution
        self._values = np.zeros_like(attribution)
        self.covered = np.zeros(len(attribution), dtype=bool)

    def cover(self, pixels: np.ndarray, value: float) -> None:
        self._values[pixels] = value
        self.covered[pixels] = True

    def finish(self) -> np.ndarray:
        """What no region took gets its own mean, so that the total stays that of the attribution."""
        rest = ~self.covered
        if rest.any():
            self._values[rest] = self._attribution[rest].mean()
        return self._values
