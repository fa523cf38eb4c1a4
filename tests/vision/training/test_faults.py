from __future__ import annotations

import errno
import math

import pytest
import torch

from vision.errors import InternalError, TrainingError, UserError
from vision.training.faults import check_loss, explain_fault


@pytest.mark.parametrize("loss", [math.nan, math.inf, 101.0])
def test_a_loss_that_ran_away_ends_the_run(loss: float) -> None:
    with pytest.raises(TrainingError) as caught:
        check_loss(loss, limit=100, learning_rate=0.3)
    assert caught.value.code == "training_diverged"
    assert "learning_rate" in caught.value.hint


def test_a_high_loss_goes_on() -> None:
    check_loss(99.0, limit=100, learning_rate=0.3)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed."),
    ],
)
def test_running_out_of_memory_names_the_batch_size(error: Exception) -> None:
    fault = explain_fault(error, 64)
    assert isinstance(fault, UserError)
    assert fault.code == "out_of_memory"
    assert "64" in fault.message
    assert "training_batch_size" in fault.hint


def test_a_full_disk_is_said() -> None:
    assert explain_fault(OSError(errno.ENOSPC, "No space left", "x.pt"), 1).code == "disk_full"


def test_our_own_errors_pass_unchanged() -> None:
    error = TrainingError("m")
    assert explain_fault(error, 1) is error


def test_anything_else_is_ours_to_fix() -> None:
    fault = explain_fault(KeyError("x"), 1)
    assert isinstance(fault, InternalError)
    assert "KeyError" in fault.message
