"""Checkpoints and outputs into storage, under names that only this attempt writes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from datasets import storage
from jobs.errors import StaleAttemptError
from jobs.models import Trial
from jobs.selectors.series import full_log
from jobs.services import attempts
from jobs.services.running.heart import Heart

LOG = "logs/azureml_automl_vision.log"


def folder_of(trial: Trial) -> str:
    return f"trials/{trial.name}"


def store_checkpoint(trial: Trial, token: str, path: Path, epoch: int) -> None:
    """Keep the newest checkpoint; it holds the best weights too, so the one before it can go.

    Raises:
        StaleAttemptError: another attempt holds the trial.
    """
    stamp = datetime.now(UTC).strftime("%H%M%S%f")  # a graceful stop writes the same epoch again, further on
    key = f"{folder_of(trial)}/checkpoints/{trial.attempts}-{stamp}-{path.name}"
    storage.put_file(path, key)
    try:
        replaced = attempts.record_checkpoint(trial.pk, token, key, epoch)
    except StaleAttemptError:
        storage.delete_file(key)
        raise
    if replaced:
        storage.delete_file(replaced)


def store_outputs(trial: Trial, token: str, output: Path, heart: Heart) -> str:
    """Copy the finished outputs and the log; returns their folder's key.

    Raises:
        StaleAttemptError: another attempt holds the trial.
    """
    key = f"{folder_of(trial)}/attempt-{trial.attempts}"
    for file in sorted(path for path in output.rglob("*") if path.is_file()):
        heart.check()
        storage.put_file(file, f"{key}/{file.relative_to(output).as_posix()}")
    storage.write_bytes(f"{key}/{LOG}", full_log(trial).encode())
    return key


def drop_checkpoints(trial: Trial) -> None:
    """Free the checkpoints of a trial that has ended."""
    storage.delete_folder(f"{folder_of(trial)}/checkpoints")
