"""What an explanation is: one signed number for each pixel and channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from torch import Tensor

_CLIP = 99.5  # percentile at which the map saturates: single hot pixels would leave the rest dark


@dataclass(frozen=True)
class Attribution:
    """How much each value of the image speaks for the class (positive) or against it (negative).

    `values`: float32 [3, H, W] on the CPU. `is_zero`: no pixel has any influence, so there is nothing to show.
    """

    values: Tensor
    scale: Literal["absolute", "range"] = "absolute"

    @property
    def is_zero(self) -> bool:
        return not bool(self.values.any())

    def to_heat(self) -> np.ndarray:
        """The map to draw: float32 [H, W] in 0–1, higher is more important."""
        values = self.values.numpy()
        # A ranking of regions is the same in each channel; elsewhere every channel's influence counts.
        flat = np.abs(values).sum(axis=0) if self.scale == "absolute" else values.mean(axis=0)
        low = 0.0 if self.scale == "absolute" else float(flat.min())
        high = float(np.percentile(flat, _CLIP))
        if high <= low:
            high = float(flat.max())
        span = high - low
        heat = np.clip((flat - low) / span, 0, 1) if span > 0 else np.zeros_like(flat)
        result: np.ndarray = heat.astype(np.float32)
        return result
