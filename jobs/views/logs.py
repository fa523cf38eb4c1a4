"""The end of a trial's log, short enough for a page."""

from __future__ import annotations

from typing import Any

from jobs.models import Trial
from jobs.selectors import trial_log

_SHOWN = 60_000  # characters


def log_tail(trial: Trial) -> dict[str, Any]:
    last = trial.log_chunks.order_by("-offset").first()
    length = last.offset + len(last.text) if last else 0
    start = max(0, length - _SHOWN)
    text = trial_log(trial, start)[0]
    return {"log": text.partition("\n")[2] if start else text, "is_cut": start > 0, "log_length": length}
