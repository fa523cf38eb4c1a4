"""What a trial told while it ran: metrics by epoch, and its log."""

from __future__ import annotations

from typing import Any

from jobs.models import MetricPoint, Trial, TrialLogChunk

_LOG_PAGE = 200_000  # characters


def metric_series(trial: Trial) -> dict[str, list[dict[str, Any]]]:
    """`{name: [{"epoch", "value"}]}`, names sorted, epochs rising."""
    series: dict[str, list[dict[str, Any]]] = {}
    points = MetricPoint.objects.filter(trial=trial).order_by("name", "epoch").values_list("name", "epoch", "value")
    for name, epoch, value in points:
        series.setdefault(name, []).append({"epoch": epoch, "value": value})
    return series


def trial_log(trial: Trial, offset: int = 0, limit: int = _LOG_PAGE) -> tuple[str, int]:
    """The log from character `offset` on (about `limit` at most), and the offset to go on from."""
    offset = max(0, offset)
    chunks = TrialLogChunk.objects.filter(trial=trial).order_by("offset")
    first = chunks.filter(offset__lte=offset).order_by("-offset").values_list("offset", flat=True).first()
    if first is None:
        return "", offset
    parts: list[str] = []
    length = 0
    for start, text in chunks.filter(offset__gte=first).values_list("offset", "text").iterator():
        part = text[max(0, offset - start) :]
        parts.append(part)
        length += len(part)
        if length >= limit:
            break
    return "".join(parts), offset + length


def full_log(trial: Trial) -> str:
    return "".join(TrialLogChunk.objects.filter(trial=trial).order_by("offset").values_list("text", flat=True))
