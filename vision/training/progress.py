"""How far a run is, told at most twice a second."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from vision.training.event_log import EventWriter

_INTERVAL = 0.5


@dataclass
class ProgressReporter:
    """Writes `progress` events. `steps` is batches an epoch, `total` those of all epochs; the estimate counts what this
    process itself has seen."""

    events: EventWriter
    epochs: int
    steps: int
    total: int
    done_at_start: int
    started: float = field(default_factory=time.monotonic)
    last: float = 0.0
    images: int = 0

    def is_due(self) -> bool:
        return time.monotonic() - self.last >= _INTERVAL

    def count(self, images: int) -> None:
        self.images += images

    def report(self, epoch: int, step: int) -> None:
        """`epoch` from 1, `step` batches of it done."""
        now = time.monotonic()
        self.last = now
        done = (epoch - 1) * self.steps + step - self.done_at_start
        elapsed = max(now - self.started, 1e-6)
        left = self.total - self.done_at_start - done
        self.events.write(
            "progress",
            epoch=epoch,
            epochs=self.epochs,
            step=step,
            steps=self.steps,
            seconds_left=round(elapsed / done * left, 1) if done else None,
            images_per_second=round(self.images / elapsed, 2),
        )
