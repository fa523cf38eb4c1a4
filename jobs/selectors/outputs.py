"""The files a trial left behind."""

from __future__ import annotations

import json
from typing import IO, Any

from datasets import storage
from jobs.models import Trial
from vision.errors import ConflictError, NotFoundError

EVALUATION = "evaluation/evaluation.json"


def list_outputs(trial: Trial) -> list[dict[str, Any]]:
    """`[{"path", "size"}]`; empty until the trial is completed."""
    if not trial.outputs_key:
        return []
    key = trial.outputs_key
    return [{"path": path, "size": storage.size(f"{key}/{path}")} for path in storage.list_files(key)]


def open_output(trial: Trial, path: str) -> IO[bytes]:
    """One output file opened for reading.

    Raises:
        ConflictError: the trial has no outputs yet.
        NotFoundError: no such file.
    """
    try:
        return storage.open_read(output_key(trial, path))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError, PermissionError):
        hint = "GET the trial's /outputs for the list of its files."
        raise NotFoundError(f"Trial {trial.name} has no output {path[:200]!r}.", hint=hint) from None


def output_key(trial: Trial, path: str) -> str:
    """The storage key of an output file.

    Raises:
        ConflictError: the trial has no outputs yet.
    """
    if not trial.outputs_key:
        raise ConflictError(
            f"Trial {trial.name} has no outputs: it is {trial.get_status_display().lower()}.",
            hint="Outputs are there once a trial is completed.",
        )
    return f"{trial.outputs_key}/{path}"


def get_evaluation(trial: Trial) -> dict[str, Any] | None:
    """The evaluation of the best epoch; None until the trial is completed."""
    if not trial.outputs_key:
        return None
    try:
        loaded: dict[str, Any] = json.loads(storage.read_bytes(f"{trial.outputs_key}/{EVALUATION}"))
    except FileNotFoundError:
        return None
    return loaded
