"""Which epoch is the best one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vision.spec.best_metrics import find_metric


@dataclass(frozen=True)
class Selection:
    """The best epoch is that of the best value of `metric`, of equal ones that with the lowest validation loss; early
    stopping waits for better values alone."""

    metric: str
    is_higher_better: bool = True

    @classmethod
    def of(cls, primary_metric: str, parameters: Mapping[str, Any]) -> Selection:
        """By `metric_for_best_model`, or the primary metric where it is left open."""
        return cls(*find_metric(primary_metric, parameters))

    def score(self, values: Mapping[str, float | None]) -> float | None:
        """What the epoch is worth: higher is better; None where it is undefined."""
        value = values.get(self.metric)
        return value if value is None or self.is_higher_better else -value
