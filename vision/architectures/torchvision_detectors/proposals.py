"""How many regions a two-stage network looks at: most of its time on a processor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Proposals:
    """Boxes an image: the best `scored` of each pyramid level go into suppression, the best `kept` come out of it, and
    `sampled` of these the second stage learns from."""

    scored_training: int
    kept_training: int
    scored_testing: int
    kept_testing: int
    sampled: int

    def as_arguments(self) -> dict[str, int]:
        """Under the names of torchvision's `FasterRCNN`."""
        return {
            "rpn_pre_nms_top_n_train": self.scored_training,
            "rpn_post_nms_top_n_train": self.kept_training,
            "rpn_pre_nms_top_n_test": self.scored_testing,
            "rpn_post_nms_top_n_test": self.kept_testing,
            "box_batch_size_per_image": self.sampled,
        }


FULL = Proposals(2000, 2000, 1000, 1000, 512)  # torchvision's defaults
# A training step takes about a third of the time, inference a quarter (resnet18, 320 px, 2 cores).
REDUCED = Proposals(400, 200, 200, 100, 64)


def choose_proposals(options: Mapping[str, Any]) -> Proposals:
    """By the option `proposals`: `full` (if left out), `reduced`, or `auto`: reduced on a machine without a GPU."""
    choice = options.get("proposals", "full")
    if choice == "auto":
        return FULL if torch.cuda.is_available() else REDUCED
    return {"full": FULL, "reduced": REDUCED}[choice]
