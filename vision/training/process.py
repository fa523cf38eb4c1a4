"""The training process: signals, lease, and one last word whatever happens."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

from torch.distributed import is_torchelastic_launched

from vision.lifeline import watch_lifeline
from vision.training.distributed import ProcessGroup, join_group
from vision.training.event_log import EventWriter
from vision.training.faults import explain_fault
from vision.training.interrupt import StopRequest, exit_at_once, watch_lease, watch_parent
from vision.training.loop import StoppedError
from vision.training.run_document import RunDocument
from vision.training.session import Session

logger = logging.getLogger(__name__)

EXIT_DONE = 0
EXIT_FAILED = 1


def run_process(path: Path) -> int:
    """Carry out the run document at `path` as one process of its group; returns the exit status."""
    run = RunDocument.read(path)
    stop = StopRequest()
    stop.listen()
    with EventWriter(run.events_path) as events:
        on_lost = partial(_give_up, events)
        if run.lease_path is not None:
            watch_lease(run.lease_path, run.attempt, on_lost)
        if is_torchelastic_launched():
            watch_parent(on_lost)
        else:
            watch_lifeline(partial(on_lost, "the process that started it is gone"))
        return _carry_out(run, events, stop)


def _carry_out(run: RunDocument, events: EventWriter, stop: StopRequest) -> int:
    group: ProcessGroup | None = None
    try:
        group = join_group()
        Session(run, group, events, stop).carry_out()
    except StoppedError as stopped:
        if group is not None and group.is_main:
            events.write("stopped", reason=str(stopped))
    except Exception as error:
        # The last line of defence: whatever it is, the trial must be told.
        logger.exception("Training failed")
        fault = explain_fault(error, int(run.parameters.get("training_batch_size", 0)))
        events.write("failed", error=fault.to_dict())
        return EXIT_FAILED
    if group is not None:
        group.leave()
    return EXIT_DONE


def _give_up(events: EventWriter, reason: str) -> None:
    events.write("stopped", reason=reason)
    exit_at_once()
