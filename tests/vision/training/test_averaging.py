from pathlib import Path
from typing import Any

import pytest
import torch
from timm.utils import ModelEmaV3
from torch import nn

from tests.vision.training.runs import make_run, train
from vision.training.averaging import DECAY, WeightAverage


def test_the_average_follows_its_formula() -> None:
    module = nn.Linear(1, 1, bias=False)
    nn.init.constant_(module.weight, 1.0)
    average = WeightAverage(module)
    timms = ModelEmaV3(module, decay=DECAY, use_warmup=True)
    expected = 1.0
    for update, value in enumerate([3.0, -2.0, 5.0], start=1):
        nn.init.constant_(module.weight, value)
        average.update(module)
        keep = timms.get_decay(update)
        # torch copies the first weights it is given
        expected = value if update == 1 else keep * expected + (1 - keep) * value
    assert float(average.module.weight) == pytest.approx(expected, rel=1e-5)


def test_counters_are_copied_not_averaged() -> None:
    module = nn.BatchNorm1d(2)
    average = WeightAverage(module)
    for _ in range(3):
        module(torch.randn(8, 2))
        average.update(module)
    assert int(average.module.num_batches_tracked) == 3


def test_a_restored_average_goes_on_as_if_nothing_had_happened() -> None:
    module = nn.Linear(3, 2)
    first = WeightAverage(module)
    for _ in range(2):
        nn.init.normal_(module.weight)
        first.update(module)
    second = WeightAverage(nn.Linear(3, 2))
    second.restore(first.state())
    nn.init.normal_(module.weight)
    first.update(module)
    second.update(module)
    assert torch.equal(first.module.weight, second.module.weight)


@pytest.mark.slow
def test_the_averaged_weights_are_scored_and_kept(tmp_path: Path) -> None:
    plain = last_metrics(train(make_run(tmp_path / "plain", images=4, number_of_epochs=2)))
    averaged = last_metrics(train(make_run(tmp_path / "averaged", images=4, number_of_epochs=2, ema=True)))
    # The same seed trains the same weights; only what is validated differs
    assert plain["loss_train"] == averaged["loss_train"]
    assert plain["loss_valid"] != averaged["loss_valid"]


def last_metrics(events: list[dict[str, Any]]) -> dict[str, float]:
    return [event["values"] for event in events if event["type"] == "metrics"][-1]
