"""Our training loop, an epoch at a time."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

from vision.training.distributed import join_group
from vision.training.event_log import EventWriter
from vision.training.interrupt import StopRequest
from vision.training.progress import ProgressReporter
from vision.training.run_document import RunDocument
from vision.training.session import Session


def our_epochs(run: RunDocument) -> Iterator[float]:
    """Seconds of each epoch through the engine. The first holds decoding all images into an empty cache: what preparing
    takes longer than doing so once more, when all modules are there."""
    with EventWriter(run.events_path) as events:
        spans = []
        for is_cached in (False, False, True):
            if not is_cached:
                shutil.rmtree(run.cache_dir, ignore_errors=True)
            started = time.perf_counter()
            trainer = Session(run, join_group(), events, StopRequest()).prepare()[0]
            spans.append(time.perf_counter() - started)
        _, decoding, cached = spans
        started = time.perf_counter() - max(0.0, decoding - cached)
        length = trainer.length
        trainer.progress = ProgressReporter(events, length.epochs, length.batches, length.total_batches, 0)
        while True:
            trainer._train_epoch()
            trainer.state.end_epoch({})
            yield time.perf_counter() - started
            started = time.perf_counter()
