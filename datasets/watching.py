"""Signs of life of work that may be stuck for a while, such as a slow list of a bucket."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")
OnProgress = Callable[[float], None]
TELL_SECONDS = 1.0


class StoppedError(Exception):
    """Nobody waits for this work any more."""


def watch(work: Callable[[OnProgress], T], on_progress: OnProgress) -> T:
    """Do `work(tell)` in a thread, and tell `on_progress` about every second how far it is, news or none.

    What `on_progress` raises is raised here; the work then ends when it next tells.
    """
    done: Future[T] = Future()
    stop = threading.Event()
    latest = 0.0

    def tell(fraction: float) -> None:
        nonlocal latest
        if stop.is_set():
            raise StoppedError
        latest = fraction

    def run() -> None:
        try:
            done.set_result(work(tell))
        except BaseException as error:  # noqa: BLE001  raised again where it is waited for
            done.set_exception(error)

    threading.Thread(target=run, daemon=True, name="watched").start()
    finished = threading.Event()
    done.add_done_callback(lambda _: finished.set())
    try:
        while not finished.wait(TELL_SECONDS):
            on_progress(latest)
        on_progress(latest)
        return done.result()
    finally:
        stop.set()
