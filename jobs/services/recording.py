"""What the training process says, into rows. Saying it twice changes nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jobs.errors import StaleAttemptError
from jobs.models import MetricPoint, Trial
from jobs.models.status import ACTIVE
from jobs.services.logbook import append_lines, format_line
from vision.spec.best_metrics import VALIDATION_LOSS, find_metric

Event = dict[str, Any]


@transaction.atomic
def record_events(trial_id: int, token: str, events: Sequence[Event]) -> None:
    """Write metrics, progress, notes and log of a run of events, all or none.

    Phases, checkpoints and the last word are acted on by the runner, not here.

    Raises:
        StaleAttemptError: another attempt holds the trial.
    """
    trial = Trial.objects.select_for_update().filter(pk=trial_id, token=token, status__in=ACTIVE).first()
    if trial is None:
        raise StaleAttemptError
    _write_metrics(trial, [event for event in events if event["type"] == "metrics"])
    for event in events:
        if (apply := _APPLY.get(event["type"])) is not None:
            apply(trial, event)
    append_lines(trial, [line for event in events if (line := _describe(event))])
    trial.save(update_fields=["progress", "epochs", "epochs_total", "primary_metric", "best_epoch", "notes"])


def _write_metrics(trial: Trial, events: Sequence[Event]) -> None:
    points: dict[tuple[str, int], MetricPoint] = {}
    for event in events:
        logged_at = _time(event)
        for name, value in event["values"].items():
            if isinstance(value, int | float) and math.isfinite(value):
                key = (str(name)[:100], int(event["epoch"]))
                points[key] = MetricPoint(
                    trial=trial, name=key[0], epoch=key[1], value=float(value), logged_at=logged_at
                )
    if not points:
        return
    # An epoch that a new attempt trains again replaces what the lost one said of it
    MetricPoint.objects.bulk_create(
        points.values(),
        update_conflicts=True,
        unique_fields=["trial", "name", "epoch"],
        update_fields=["value", "logged_at"],
    )
    trial.epochs = max(epoch for _, epoch in points)
    find_best(trial)


def find_best(trial: Trial) -> None:
    """Note on the trial the best epoch told so far, of equal ones that with the lowest validation loss; saving is the
    caller's."""
    primary = Trial.objects.filter(pk=trial.pk).values_list("job__primary_metric", flat=True)[0]
    metric, is_higher_better = find_metric(primary, trial.params)
    told = MetricPoint.objects.filter(trial=trial)
    best = told.filter(name=metric).order_by("-value" if is_higher_better else "value", "epoch").first()
    if best is not None:
        equal = told.filter(name=metric, value=best.value).values("epoch")
        surest = told.filter(name=VALIDATION_LOSS, epoch__in=equal).order_by("value", "epoch").first() or best
        trial.best_epoch = surest.epoch
        trial.primary_metric = told.filter(name=primary, epoch=surest.epoch).values_list("value", flat=True).first()


def _apply_progress(trial: Trial, event: Event) -> None:
    trial.progress = {key: value for key, value in event.items() if key != "type"}
    trial.epochs_total = event.get("epochs") or trial.epochs_total


def _apply_note(trial: Trial, event: Event) -> None:
    note = {"code": event.get("code", ""), "message": event.get("message", "")}
    if note not in trial.notes:
        trial.notes = [*trial.notes, note]


_APPLY: dict[str, Callable[[Trial, Event], None]] = {"progress": _apply_progress, "note": _apply_note}


def _describe(event: Event) -> str:
    """The log line of an event; progress and metrics have none of their own (the training logs its epochs)."""
    at = str(event.get("at", ""))
    match event["type"]:
        case "log":
            return format_line(str(event.get("message", "")), at, str(event.get("level", "")))
        case "note":
            return format_line(str(event.get("message", "")), at, "note")
        case "started":
            images = event.get("images", {})
            counted = f"{images.get('train')} images to train on, {images.get('validation')} to validate on"
            weights = event.get("pretrained") or "none, from scratch"
            return format_line(f"Training on {event.get('device')}; {counted}; pretrained weights: {weights}", at)
        case "stopped":
            return format_line(f"Stopped: {event.get('reason', '')}", at)
        case "completed":
            return format_line(f"Training completed after {event.get('epochs')} epochs", at)
        case _:
            return ""


def _time(event: Event) -> datetime:
    return parse_datetime(str(event.get("at", ""))) or timezone.now()
