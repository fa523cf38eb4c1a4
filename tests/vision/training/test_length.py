"""How long a run is, in epochs or in steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vision.training.namers import NAME, registered
from tests.vision.training.runs import PARAMETERS, fit, make_run
from vision.training.event_log import read_events
from vision.training.hyperparameters import Hyperparameters
from vision.training.length import RunLength


def measure(batches: int, **changes: int) -> RunLength:
    return RunLength.of(Hyperparameters.from_values(PARAMETERS | changes), batches)


def test_epochs_are_whole_unless_steps_are_given() -> None:
    length = measure(5, number_of_epochs=3, gradient_accumulation_step=2)
    assert (length.epochs, length.updates, length.updates_per_epoch, length.total_batches) == (3, 9, 3, 15)
    assert [length.batches_in(epoch) for epoch in (1, 2, 3)] == [5, 5, 5]


@pytest.mark.parametrize(
    ("steps", "epochs", "last"), [(1, 1, 2), (3, 1, 5), (4, 2, 2), (5, 2, 4), (6, 2, 5), (7, 3, 2)]
)
def test_the_last_epoch_ends_with_the_steps(steps: int, epochs: int, last: int) -> None:
    length = measure(5, max_steps=steps, gradient_accumulation_step=2)
    assert (length.epochs, length.batches_in(epochs)) == (epochs, last)
    assert length.total_batches == (epochs - 1) * 5 + last


def test_a_run_in_steps_ends_within_an_epoch_and_resumes_there(tmp_path: Path) -> None:
    settings = {"architecture": NAME, "images": 8, "training_batch_size": 4, "max_steps": 8, "checkpoint_frequency": 1}
    with registered():
        run = make_run(tmp_path / "whole", **settings)
        whole = fit(run)
        assert list(whole) == [1, 2]  # six batches an epoch, two of the second
        progress = [event for event in read_events(run.events_path)[0] if event["type"] == "progress"]
        assert (progress[-1]["epochs"], progress[-1]["step"], progress[-1]["seconds_left"]) == (2, 2, 0)
        resumed = make_run(tmp_path / "resumed", **settings, resume_from=run.checkpoint_dir / "checkpoint-1.pt")
        assert fit(resumed) == {2: whole[2]}
