"""When to stop because nothing improves any more."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class EarlyStopping:
    """Counts evaluations without gain in the primary metric (higher is better).

    The first `delay` evaluations are not looked at; after them, `patience` in a row without a new best end the run.
    Source: SPEC §4.1.
    """

    patience: int
    delay: int
    seen: int = 0
    best: float | None = None
    without_gain: int = 0

    def observe(self, value: float | None) -> bool:
        """Take one evaluation in; True when it is time to stop. An undefined value is no gain."""
        self.seen += 1
        if self.seen <= self.delay:
            return False
        if value is not None and (self.best is None or value > self.best):
            self.best, self.without_gain = value, 0
        else:
            self.without_gain += 1
        return self.without_gain >= self.patience

    def begin_again(self) -> None:
        """Give the run its whole patience anew, the best so far kept."""
        self.without_gain = 0

    def state(self) -> dict[str, int | float | None]:
        return {"seen": self.seen, "best": self.best, "without_gain": self.without_gain}

    def restore(self, state: dict[str, int | float | None]) -> None:
        self.seen = int(state["seen"] or 0)
        self.best = state["best"]
        self.without_gain = int(state["without_gain"] or 0)
