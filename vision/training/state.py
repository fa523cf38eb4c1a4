"""Where a run stands: all that a later attempt needs to go on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from vision.spec.best_metrics import VALIDATION_LOSS

Weights = dict[str, Tensor]


@dataclass
class Best:
    """The best evaluation so far, with its score and the weights that reached it (on the CPU)."""

    epoch: int = 0
    value: float | None = None
    metrics: dict[str, float | None] = field(default_factory=dict)
    weights: Weights = field(default_factory=dict)

    def is_beaten_by(self, value: float | None, loss: float | None = None) -> bool:
        """Whether an evaluation is the new best. The first always is; of equal ones that with the lower `loss`, on the
        validation images: it gives the same answers and is surer of them."""
        if self.epoch == 0 or value is None:
            return self.epoch == 0
        if value == self.value:
            before = self.metrics.get(VALIDATION_LOSS)
            return loss is not None and before is not None and loss < before
        return self.value is None or value > self.value


@dataclass
class TrainingState:
    """`epoch` counts finished epochs, `step` the batches (of `batch_size` images) done of the next; the two sums are of
    those batches. `measured` is what epochs took, one number an epoch under each name. `architecture` and `label_names`
    say what the weights are of."""

    seed: int
    batch_size: int = 0
    architecture: str = ""
    label_names: list[str] = field(default_factory=list)
    pretrained: str | None = None
    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    images: int = 0
    outputs: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    measured: dict[str, list[float]] = field(default_factory=dict)
    best: Best = field(default_factory=Best)
    is_finished: bool = False
    has_stopped_early: bool = False

    def reopen(self, pretrained: str) -> None:
        """Let training go on that had come to its end, or to an early one; `pretrained` says what it goes on with."""
        self.pretrained, self.is_finished, self.has_stopped_early = pretrained, False, False

    def end_epoch(self, values: Mapping[str, float | None]) -> None:
        """Close the epoch under way with its metrics."""
        self.epoch += 1
        self.history.append({"epoch": self.epoch, "values": dict(values)})
        self.step, self.loss_sum, self.images, self.outputs = 0, 0.0, 0, []


def copy_weights(module: nn.Module) -> Weights:
    """A copy of the network's tensors on the CPU."""
    return {name: value.detach().to("cpu", copy=True) for name, value in module.state_dict().items()}
