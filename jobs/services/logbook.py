"""A trial's log in the database: pieces that follow each other without a gap."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from jobs.models import Trial, TrialLogChunk

_LONGEST_LINE = 4000
_LONGEST_CHUNK = 60_000


def append_log(trial: Trial, messages: Sequence[str], at: str = "") -> None:
    """Add lines, each under its time. The caller holds the trial's lock."""
    append_lines(trial, [format_line(message, at) for message in messages])


def append_lines(trial: Trial, lines: Sequence[str]) -> None:
    """Add finished lines. The caller holds the trial's lock."""
    text = "".join(lines)
    if not text:
        return
    last = TrialLogChunk.objects.filter(trial=trial).order_by("-offset").values_list("offset", "text").first()
    offset = last[0] + len(last[1]) if last else 0
    pieces = [text[start : start + _LONGEST_CHUNK] for start in range(0, len(text), _LONGEST_CHUNK)]
    TrialLogChunk.objects.bulk_create(
        TrialLogChunk(trial=trial, offset=offset + index * _LONGEST_CHUNK, text=piece)
        for index, piece in enumerate(pieces)
    )


def format_line(message: str, at: str = "", level: str = "") -> str:
    """`<time> <message>` and a line end; a line that wraps keeps its breaks."""
    when = at or datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    word = f"{level.upper()} " if level and level != "info" else ""
    return f"{when} {word}{clean_text(message)[:_LONGEST_LINE].rstrip()}\n"


def clean_text(text: str) -> str:
    """Text that every database takes: no NUL, no half of a surrogate pair."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
