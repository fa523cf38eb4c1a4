"""Checkpoints: one file each, whole or absent, tensors and plain values only."""

from __future__ import annotations

import os
import pickle
import re
from pathlib import Path
from typing import Any

import torch
from torch import nn, optim

from vision.architectures.continuing import RunWeights
from vision.errors import TrainingError
from vision.training.averaging import WeightAverage
from vision.training.early_stopping import EarlyStopping
from vision.training.state import Best, TrainingState

_VERSION = 1
_KEPT = 2  # the newest, and the one before for a reader that is still copying it


def write_checkpoint(
    folder: Path,
    module: nn.Module,
    optimizer: optim.Optimizer,
    scaler: torch.amp.GradScaler | None,
    early_stopping: EarlyStopping,
    state: TrainingState,
    average: WeightAverage | None = None,
) -> Path:
    """Write `checkpoint-<finished epochs>.pt`: fsynced, then renamed into place."""
    content = {
        "version": _VERSION,
        "module": module.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scaler": scaler.state_dict() if scaler else {},
        "early_stopping": early_stopping.state(),
        "average": average.state() if average else {},
        "state": {name: value for name, value in vars(state).items() if name != "best"},
        "best": vars(state.best),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"checkpoint-{state.epoch}.pt"
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(folder)
    return path


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint, on the CPU.

    Raises:
        TrainingError: it cannot be read, or is of another version.
    """
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise TrainingError(
            f"The checkpoint {path.name} cannot be read.", hint="Start the trial again without it."
        ) from error
    if content.get("version") != _VERSION:
        raise TrainingError(
            f"The checkpoint {path.name} is of version {content.get('version')}, this Darkroom reads {_VERSION}.",
            hint="Start the trial again without it.",
        )
    return content


def restore_checkpoint(
    content: dict[str, Any],
    module: nn.Module,
    optimizer: optim.Optimizer,
    scaler: torch.amp.GradScaler | None,
    early_stopping: EarlyStopping,
    average: WeightAverage | None = None,
) -> TrainingState:
    """Put everything back as it was when the checkpoint was written.

    Raises:
        TrainingError: it is of another network.
    """
    try:
        module.load_state_dict(content["module"])
        optimizer.load_state_dict(content["optimizer"])
    except (RuntimeError, ValueError) as error:
        raise TrainingError(
            "The checkpoint is of another architecture, number of classes or set of frozen layers.",
            hint="Resume with the parameters it was trained with, or start anew.",
        ) from error
    if scaler and content["scaler"]:
        scaler.load_state_dict(content["scaler"])
    early_stopping.restore(content["early_stopping"])
    if average and content.get("average"):
        average.restore(content["average"])
    return TrainingState(**content["state"], best=Best(**content["best"]))


def best_weights(content: dict[str, Any]) -> RunWeights:
    """The best weights in a checkpoint.

    Raises:
        TrainingError: its run was stopped before its first epoch was over.
    """
    state, weights = content["state"], content["best"]["weights"]
    if not weights:
        raise TrainingError(
            "The run to start from was stopped before its first epoch was over: it has no best weights.",
            hint="Set checkpoint_state to last to go on with it, or leave checkpoint_run_id out.",
        )
    return RunWeights(state["architecture"], tuple(state["label_names"]), weights)


def prune_checkpoints(folder: Path, frequency: int, limit: int | None = None) -> None:
    """Delete what neither resuming nor `checkpoint_frequency` (0: none) keeps, of which the newest `limit` stay."""
    asked = list_asked(folder, frequency, limit)
    for epoch, path in sorted(list_checkpoints(folder).items())[:-_KEPT]:
        if epoch not in asked:
            path.unlink(missing_ok=True)


def list_asked(folder: Path, frequency: int, limit: int | None = None) -> dict[int, Path]:
    """The checkpoints that `checkpoint_frequency` asks for, the newest `limit` of them, by their epoch."""
    found = sorted(list_checkpoints(folder).items())
    asked = [(epoch, path) for epoch, path in found if frequency and epoch and epoch % frequency == 0]
    return dict(asked[-limit:] if limit else asked)


def list_checkpoints(folder: Path) -> dict[int, Path]:
    """Whole checkpoints by their number of finished epochs."""
    found = {}
    for path in folder.glob("checkpoint-*.pt"):
        if match := re.fullmatch(r"checkpoint-(\d+)\.pt", path.name):
            found[int(match.group(1))] = path
    return found


def _sync_folder(folder: Path) -> None:
    # A rename outlives a power cut only once its folder is on disk.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
