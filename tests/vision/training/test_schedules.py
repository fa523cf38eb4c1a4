from __future__ import annotations

import math

import pytest
import torch
import transformers

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
    assert set(rates(learning_rate=1.0, learning_rate_scheduler="step", step_lr_step_size=0)) == {1.0}


SCHEDULES_OF_TRANSFORMERS = {
    "warmup_linear": ("linear", {}),
    "warmup_cosine_with_restarts": ("cosine_with_restarts", {}),
    "warmup_polynomial": ("polynomial", {}),
    "constant": ("constant", {}),
    "warmup_constant": ("constant_with_warmup", {}),
}


@pytest.mark.parametrize("name", SCHEDULES_OF_TRANSFORMERS)
def test_the_schedules_of_transformers_give_its_rates(name: str) -> None:
    """Beyond the warm-up, where ours counts steps from 1 so that the first is not thrown away."""
    theirs, options = SCHEDULES_OF_TRANSFORMERS[name]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    scheduler = transformers.get_scheduler(theirs, optimizer, 10, 40, **options)
    expected = []
    for _ in range(40):
        expected.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    found = rates(learning_rate=0.3, learning_rate_scheduler=name, warmup_steps=10, number_of_epochs=4)
    start = 0 if name == "constant" else 10
    assert found[start:40] == pytest.approx(expected[start:], rel=1e-6)
    if start:
        assert found[:10] == pytest.approx([0.03 * (step + 1) for step in range(10)])


def test_steps_of_warm_up_take_the_place_of_epochs() -> None:
    found = rates(learning_rate=1.0, warmup_cosine_lr_warmup_epochs=2, warmup_steps=4, number_of_epochs=4)
    assert found[:4] == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert rates(warmup_steps=0, learning_rate=1.0)[0] == 1.0
