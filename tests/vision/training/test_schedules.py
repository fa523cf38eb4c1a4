from __future__ import annotations

import math

import pytest

from tests.vision.training.runs import PARAMETERS
from vision.training.hyperparameters import Hyperparameters
from vision.training.schedules import learning_rate_at


def rates(steps_per_epoch: int = 10, **changes) -> list[float]:
    parameters = Hyperparameters.from_values(PARAMETERS | changes)
    total = parameters.number_of_epochs * steps_per_epoch
    return [learning_rate_at(parameters, step, steps_per_epoch) for step in range(total + 1)]


def test_warm_up_rises_evenly_to_the_learning_rate() -> None:
    found = rates(learning_rate=0.5, warmup_cosine_lr_warmup_epochs=2, number_of_epochs=4)
    assert found[:20] == pytest.approx([0.5 * (step + 1) / 20 for step in range(20)])


def test_cosine_ends_where_the_cycles_say() -> None:
    found = rates(learning_rate=1.0, warmup_cosine_lr_warmup_epochs=1, number_of_epochs=3)
    assert found[10] == 1.0
    assert found[-1] == pytest.approx(0.5 * (1 + math.cos(2 * math.pi * 0.45)))
    assert found[-1] == pytest.approx(0.024, abs=1e-3)
    assert found[10:] == sorted(found[10:], reverse=True)


def test_cosine_without_warm_up_starts_at_the_learning_rate() -> None:
    assert rates(learning_rate=0.2, warmup_cosine_lr_warmup_epochs=0)[0] == 0.2


def test_step_decays_at_the_epochs_it_names() -> None:
    found = rates(
        learning_rate=1.0, learning_rate_scheduler="step", step_lr_gamma=0.1, step_lr_step_size=2, number_of_epochs=6
    )
    assert [found[0], found[19], found[20], found[40]] == pytest.approx([1, 1, 0.1, 0.01])
