"""Where things lie on this machine."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from jobs.models import Trial


@dataclass(frozen=True)
class Place:
    """The folders of one attempt, and the slot it runs in."""

    node: str
    slot: str
    root: Path
    attempt: Path

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def run_path(self) -> Path:
        return self.attempt / "run.json"

    @property
    def events(self) -> Path:
        return self.attempt / "events.jsonl"

    @property
    def lease(self) -> Path:
        return self.attempt / "lease"

    @property
    def output(self) -> Path:
        return self.attempt / "output"

    @property
    def checkpoints(self) -> Path:
        return self.attempt / "checkpoints"

    @property
    def console(self) -> Path:
        """What the training process and its libraries print."""
        return self.attempt / "console.txt"

    def make(self) -> None:
        """An empty folder for this attempt; what earlier ones of the trial left on this machine goes."""
        shutil.rmtree(self.attempt.parent, ignore_errors=True)
        self.attempt.mkdir(parents=True)

    def remove(self) -> None:
        shutil.rmtree(self.attempt.parent, ignore_errors=True)


def this_slot() -> tuple[str, str]:
    """The names of this node and slot, as the agent tells its workers."""
    return os.environ.get("DARKROOM_NODE", "local"), os.environ.get("DARKROOM_SLOT", "")


def find_place(trial: Trial) -> Place:
    node, slot = this_slot()
    root = Path(settings.STUDIO_HOME) / "node" / node
    return Place(node, slot, root, root / "trials" / trial.name / f"attempt-{trial.attempts}")
