"""The files a trial left behind."""

from __future__ import annotations

import json
from typing import IO, Any

from datasets import storage
from jobs.models import Trial
from vision.errors import ConflictError, NotFoundError
from vision.training.output_names import EVALUATION_FILES, TEST, VALIDATION


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


def list_splits(trial: Trial) -> list[str]:
    """The splits that the trial can be looked at on: validation, and test where the dataset holds one out.

    Test is for the best trial of a job that has ended. Shown for all of them, it would be chosen by, and its numbers
    would be too good.
    """
    if not trial.outputs_key:
        return []
    is_chosen = trial.job.is_ended and trial.job.best_trial_id == trial.pk
    has_test = is_chosen and storage.exists(f"{trial.outputs_key}/{EVALUATION_FILES[TEST].report}")
    return [VALIDATION, TEST] if has_test else [VALIDATION]


def get_evaluation(trial: Trial, split: str = VALIDATION) -> dict[str, Any] | None:
    """The evaluation of the best epoch on one of its `list_splits`; None where there is none."""
    if split not in list_splits(trial):
        return None
    return _read_json(f"{trial.outputs_key}/{EVALUATION_FILES[split].report}")


def get_onnx_check(trial: Trial) -> dict[str, Any] | None:
    """How `model.onnx` answered validation images beside the network; None where it was not tried."""
    return _read_json(f"{trial.outputs_key}/train_artifacts/onnx_check.json") if trial.outputs_key else None


def _read_json(key: str) -> dict[str, Any] | None:
    try:
        loaded: dict[str, Any] = json.loads(storage.read_bytes(key))
    except FileNotFoundError:
        return None
    return loaded
