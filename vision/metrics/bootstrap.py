"""How far a metric would wander if other images of the same kind had been scored: the percentile bootstrap.

Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, §13.3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

RESAMPLES = 1000
LEVEL = 0.95
_SEED = 20
_CHUNK = 2_000_000  # draws at once: 16 MB of counts

Statistic = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Confidence:
    """`metric` lies in `low`–`high` in the share `level` of resampled sets of images."""

    metric: str
    low: float
    high: float
    level: float = LEVEL
    resamples: int = RESAMPLES

    def bounds(self) -> dict[str, float]:
        """The interval as two metrics beside the one it belongs to."""
        return {f"{self.metric}_low": self.low, f"{self.metric}_high": self.high}

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def bootstrap_confidence(
    metric: str, images: int, statistic: Statistic, *, level: float = LEVEL, resamples: int = RESAMPLES
) -> Confidence | None:
    """The percentile interval of a metric over `images` images, the same at every call.

    `statistic` takes how often each image was drawn, float64 [R, images] (each row sums to `images`), and gives the
    metric of each of these R sets, float [R], NaN where it is undefined. It is called with few rows at a time.
    None without images, or where the metric is undefined in every set.
    """
    if images == 0:
        return None
    random = np.random.default_rng(_SEED)
    rows = max(1, _CHUNK // images)
    values = np.concatenate(
        [statistic(_draw(random, min(rows, resamples - start), images)) for start in range(0, resamples, rows)]
    )
    values = values[~np.isnan(values)]
    if not len(values):
        return None
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Confidence(metric, float(low), float(high), level, resamples)


def bootstrap_mean(metric: str, values: np.ndarray) -> Confidence | None:
    """The interval of a metric that is the mean of one number an image: `values` float [N]."""
    values = np.asarray(values, dtype=np.float64)
    return bootstrap_confidence(metric, len(values), lambda counts: counts @ values / len(values))


def _draw(random: np.random.Generator, rows: int, images: int) -> np.ndarray:
    """How often each image is drawn when `images` are, with replacement: float64 [rows, images]."""
    drawn = random.integers(0, images, (rows, images), dtype=np.int32)
    drawn += (np.arange(rows, dtype=np.int32) * images)[:, None]
    counts: np.ndarray = np.bincount(drawn.ravel(), minlength=rows * images).reshape(rows, images).astype(np.float64)
    return counts
