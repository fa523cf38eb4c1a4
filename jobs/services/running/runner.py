"""One attempt from its start to its end: everything between the work item and the training process."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, connection

from datasets import storage
from jobs.errors import StaleAttemptError
from jobs.models import Trial
from jobs.services import attempts
from jobs.services.recording import record_events
from jobs.services.running.console import explain_exit, read_tail
from jobs.services.running.deposit import drop_checkpoints, folder_of, store_checkpoint, store_outputs
from jobs.services.running.heart import PATIENCE_SECONDS, Heart
from jobs.services.running.materialise import cpu_threads, write_run
from jobs.services.running.memory import count_killed_for_memory
from jobs.services.running.place import Place, find_place, this_slot
from vision.errors import InternalError, TrainingError, UserError
from vision.lifeline import Process, spawn
from vision.training.event_log import TERMINAL_TYPES, read_events
from vision.training.launch import count_processes, training_command, training_environment

logger = logging.getLogger(__name__)
_POLL_SECONDS = 0.25
_GRACE_SECONDS = 20.0  # a canceled training finishes its step; then it is ended by force
_SHUTDOWN_SECONDS = 8.0  # this machine stops: the agent waits little longer
Event = dict[str, Any]
T = TypeVar("T")


def run_attempt(trial_id: int, token: str) -> None:
    """Carry out the attempt that holds `token`, to whatever end; a stale token does nothing."""
    node, slot = this_slot()
    try:
        trial = attempts.start_attempt(trial_id, token, node, slot)
    except StaleAttemptError:
        logger.info("Attempt %s of trial %s is stale.", token, trial_id)
        return
    Runner(trial, token).run()


class Runner:
    """Holds what one attempt needs between its steps."""

    def __init__(self, trial: Trial, token: str) -> None:
        self.trial, self.token = trial, token
        self.place: Place = find_place(trial)
        self.heart = Heart(trial.pk, token, self.place.lease)
        self.process: Process | None = None
        self.offset = 0
        self.killed_before = 0
        self.last_word: Event | None = None

    def run(self) -> None:
        try:
            self._carry_out()
        except StaleAttemptError:
            logger.info("Trial %s was taken from attempt %s.", self.trial.name, self.token)
        except UserError as error:
            told = error.to_dict()
            self._quietly(lambda: attempts.fail_attempt(self.trial.pk, self.token, told))
        except SystemExit:
            self._release()
            raise
        except Exception as error:
            reference = uuid.uuid4().hex[:8]
            logger.exception("Trial %s broke, reference %s", self.trial.name, reference)
            cause = InternalError(
                f"The trial could not be run: {type(error).__name__}: {error}",
                hint=f"Look for reference {reference} in the worker's log under STUDIO_HOME/logs.",
            )
            self._quietly(lambda: attempts.restart_attempt(self.trial.pk, self.token, cause))
        finally:
            self._clean_up()

    def _carry_out(self) -> None:
        self.place.make()
        self.heart.start()
        write_run(self.trial, self.token, self.place)
        if not self.heart.is_canceled:
            self._start_process()
            self._watch()
        self._settle()

    def _start_process(self) -> None:
        self.heart.check()
        self.killed_before = count_killed_for_memory()
        with self.place.console.open("ab") as console:
            self.process = spawn(
                training_command(self.place.run_path, processes=self._count_processes()),
                training_environment(cpu_threads(self.place.node)),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                cwd=self.place.attempt,
            )

    def _count_processes(self) -> int:
        is_distributed = bool(self.trial.params.get("distributed", True))
        return count_processes(os.environ.get("CUDA_VISIBLE_DEVICES"), is_distributed)

    def _watch(self) -> None:
        """Until the process has ended and all it said is in the database."""
        process = self._process()
        stop_by: float | None = None
        while process.poll() is None:
            self.heart.check()
            if self.heart.is_canceled and stop_by is None:
                process.send_signal(signal.SIGTERM)
                stop_by = time.monotonic() + _GRACE_SECONDS
            if stop_by is not None and time.monotonic() > stop_by:
                process.stop(timeout=0)
            self._take_events()
            time.sleep(_POLL_SECONDS)
        process.stop(timeout=0)
        self._take_events()

    def _take_events(self) -> None:
        """Record what was said since the last time, each checkpoint only after all that came before it."""
        events, offset = read_events(self.place.events, self.offset)
        batch: list[Event] = []
        for event in events:
            batch.append(event)
            if event["type"] in ("checkpoint", "phase"):
                self._record(batch)
                batch = []
                self._act(event)
            elif event["type"] in TERMINAL_TYPES and self.last_word is None:
                self.last_word = event
        if batch:
            self._record(batch)
        self.offset = offset

    def _record(self, events: list[Event]) -> None:
        self._persist(lambda: record_events(self.trial.pk, self.token, events))

    def _act(self, event: Event) -> None:
        pk, token = self.trial.pk, self.token
        if event["type"] == "phase":
            self._persist(lambda: attempts.set_phase(pk, token, event["phase"], event.get("message", "")))
        elif Path(event["path"]).exists():  # a newer one has replaced it, and says so in a moment
            self._persist(lambda: store_checkpoint(self.trial, token, Path(event["path"]), event["epoch"]))

    def _settle(self) -> None:
        """End, restart or cancel the trial by the process's last word."""
        word = self.last_word or {"type": "none"}
        if self._persist(self._is_canceled):
            self._persist(lambda: attempts.cancel_attempt(self.trial.pk, self.token))
        elif word["type"] == "completed":
            self._complete(word)
        elif word["type"] == "failed" and word["error"].get("code") == "out_of_memory":
            self._persist(lambda: attempts.rescue_attempt(self.trial.pk, self.token, word["error"]))
        elif word["type"] == "failed" and word["error"].get("code") != InternalError.code:
            self._persist(lambda: attempts.fail_attempt(self.trial.pk, self.token, word["error"]))
        else:
            self._restart(word)

    def _complete(self, word: Event) -> None:
        key = self._persist(lambda: store_outputs(self.trial, self.token, self.place.output, self.heart))
        if not self._persist(lambda: attempts.complete_attempt(self.trial.pk, self.token, key, word)):
            self._persist(lambda: attempts.cancel_attempt(self.trial.pk, self.token))

    def _restart(self, word: Event) -> None:
        if word["type"] == "failed":
            cause = TrainingError(
                word["error"].get("message", ""), hint=word["error"].get("hint", ""), code=InternalError.code
            )
        elif word["type"] == "stopped":
            cause = TrainingError(
                f"The training process was told to stop from outside ({word.get('reason', '')}).", code="stopped"
            )
        else:
            cause = explain_exit(
                self._process().returncode,
                self.place.console,
                self.trial.params.get("training_batch_size"),
                is_memory_short=count_killed_for_memory() > self.killed_before,
            )
        lines = [{"type": "log", "level": "error", "message": line} for line in read_tail(self.place.console)]
        if word["type"] != "stopped" and lines:
            self._record(lines)
        if cause.code == "out_of_memory":
            self._persist(lambda: attempts.rescue_attempt(self.trial.pk, self.token, cause.to_dict()))
        else:
            self._persist(lambda: attempts.restart_attempt(self.trial.pk, self.token, cause))

    def _release(self) -> None:
        """This machine stops: put a checkpoint down and give the trial back, in seconds."""
        if self.process is not None:
            self.process.stop(_SHUTDOWN_SECONDS)
            self._quietly(self._take_events)
        self._quietly(lambda: attempts.release_attempt(self.trial.pk, self.token))

    def _clean_up(self) -> None:
        self.heart.stop()
        if self.process is not None:
            self.process.stop(timeout=0)
        self.place.remove()
        self._quietly(self._free_storage)

    def _free_storage(self) -> None:
        """Drop what a trial that has ended needs no more: outputs that lost to a cancel; checkpoints where there are
        outputs, since a trial that was stopped without any may be gone on with."""
        now = Trial.objects.filter(pk=self.trial.pk).first()
        if now is None or not now.is_ended:
            return
        if now.outputs_key:
            drop_checkpoints(now)
            Trial.objects.filter(pk=now.pk).update(checkpoint_key="")
        mine = f"{folder_of(now)}/attempt-{self.trial.attempts}"
        if now.outputs_key != mine:
            storage.delete_folder(mine)

    def _is_canceled(self) -> bool:
        mine = Trial.objects.filter(pk=self.trial.pk, token=self.token)
        return mine.filter(cancel_requested_at__isnull=False).exists()

    def _process(self) -> Process:
        if self.process is None:
            raise RuntimeError("the training process was not started")
        return self.process

    def _persist(self, act: Callable[[], T]) -> T:
        """Do it, again and again while the database is away or busy; nothing that was said may be lost."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return act()
            except (OperationalError, InterfaceError) as error:
                if time.monotonic() > end:
                    raise
                logger.warning("Trial %s waits for the database: %s", self.trial.name, error)
                connection.close()
                time.sleep(1)
                self.heart.check()

    def _quietly(self, act: Callable[[], object]) -> None:
        """Do it where it may no longer be ours to do."""
        try:
            self._persist(act)
        except StaleAttemptError:
            pass
        except Exception:
            logger.exception("Trial %s: could not be tidied up", self.trial.name)
