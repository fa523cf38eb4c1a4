"""What a training process that said no last word left behind, in words."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from vision.errors import TrainingError

_TAIL_BYTES = 6000
_TAIL_LINES = 15
_KILLED = re.compile(r"exitcode\s*:\s*-9\b|Signal 9 \(SIGKILL\)|exit code -9\b")


def read_tail(console: Path, lines: int = _TAIL_LINES) -> list[str]:
    """The last lines that were printed."""
    try:
        with console.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]


def explain_exit(
    code: int, console: Path, batch_size: object = None, *, is_memory_short: bool = False
) -> TrainingError:
    """Why the process ended, as far as its exit code and its last lines tell.

    `is_memory_short`: the system ended processes for want of memory meanwhile.
    """
    tail = read_tail(console)
    if code == -signal.SIGKILL or _KILLED.search("\n".join(read_tail(console, lines=80))):
        size = f" (now {batch_size})" if batch_size else ""
        hint = f"Lower training_batch_size{size}, training_crop_size or number_of_workers, or free memory."
        if is_memory_short:
            message = "The system ended the training process because memory ran out."
            return TrainingError(message, hint=hint, code="out_of_memory")
        message = "The training process was killed by the system (SIGKILL), most often because memory ran out."
        return TrainingError(message, hint=hint, code="killed")
    said = f" Its last words: {_last_words(tail)}" if tail else ""
    return TrainingError(
        f"The training process ended without a result (exit code {code}).{said}",
        hint="The trial's log holds the last lines it printed.",
        code="crashed",
    )


def _last_words(tail: list[str]) -> str:
    """The line that names an exception where there is one, else the last line."""
    named = [line for line in tail if re.match(r"\s*(\[rank\d+\]: ?)?\w*(\.\w+)*(Error|Exception)\b", line)]
    return (named or tail)[-1].strip()[:300]
