"""The interval of a metric, as a trial's summary and a model version's metrics carry it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def read_interval(metrics: Mapping[str, Any], name: str) -> tuple[float, float] | None:
    """Where 95 % of resampled validation sets have a metric; None where it is not known, or has no width."""
    low, high = (metrics.get(f"{name}_{end}") for end in ("low", "high"))
    return None if low is None or high is None or low == high else (low, high)
