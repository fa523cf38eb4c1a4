"""What the queue calls."""

from __future__ import annotations

from jobs.services.running import run_attempt


def run_trial(trial_id: int, token: str) -> None:
    run_attempt(trial_id, token)
