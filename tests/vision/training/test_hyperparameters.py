"""Every parameter the engine is given changes what it builds or what it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.vision.training.runs import PARAMETERS, fit, make_run, train
from vision.architectures import build_architecture
from vision.errors import InvalidDocumentError
from vision.training.distributed import join_group
from vision.training.event_log import EventWriter
from vision.training.hyperparameters import Hyperparameters
from vision.training.interrupt import StopRequest
from vision.training.loop import Trainer
from vision.training.precision import Precision
from vision.training.session import Session
from vision.training.updates import Updater

pytestmark = pytest.mark.heavy


def prepare(folder: Path, **changes: Any) -> Trainer:
    run = make_run(folder, images=4, **changes)
    with EventWriter(run.events_path) as events:
        return Session(run, join_group(), events, StopRequest()).prepare()[0]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory):
    """Metrics of a run by what was changed in it, each trained once."""
    known: dict[str, Any] = {}

    def trained(**changes: Any) -> dict[int, dict[str, float]]:
        key = repr(sorted(changes.items()))
        if key not in known:
            images = {} if "labels" in changes else {"images": 4}
            known[key] = fit(make_run(tmp_path_factory.mktemp("run"), **images, **changes))
        return known[key]

    return trained


def test_two_equal_runs_are_equal(history, tmp_path: Path) -> None:
    assert fit(make_run(tmp_path, images=4)) == history()


@pytest.mark.parametrize("name", ["adafactor", "adagrad"])
def test_the_other_optimizers_train_each_their_own_way(name: str, history) -> None:
    found = history(optimizer=name)
    assert found != history()
    assert found != history(optimizer="adam")


def test_both_weighted_losses_differ(history) -> None:
    labels = {"amber": 12, "blue": 3, "green": 6}
    assert history(labels=labels, weighted_loss=1) != history(labels=labels, weighted_loss=2)


def test_optimizers_are_built_as_named(tmp_path: Path) -> None:
    sgd = prepare(tmp_path / "sgd", learning_rate=0.1, momentum=0.7, nesterov=False, weight_decay=0.3).updater.optimizer
    assert isinstance(sgd, torch.optim.SGD)
    assert [sgd.defaults[name] for name in ("lr", "momentum", "nesterov", "weight_decay")] == [0.1, 0.7, False, 0.3]
    adamw = prepare(tmp_path / "adamw", optimizer="adamw", beta1=0.8, beta2=0.9, ams_gradient=True).updater.optimizer
    assert isinstance(adamw, torch.optim.AdamW)
    assert (adamw.defaults["betas"], adamw.defaults["amsgrad"]) == ((0.8, 0.9), True)
    adam = prepare(tmp_path / "adam", optimizer="adam").updater.optimizer
    assert type(adam) is torch.optim.Adam
    adafactor = prepare(tmp_path / "adafactor", optimizer="adafactor", learning_rate=0.2, weight_decay=0.3)
    assert isinstance(adafactor.updater.optimizer, torch.optim.Adafactor)
    assert adafactor.updater.optimizer.defaults["weight_decay"] == 0.3
    adagrad = prepare(tmp_path / "adagrad", optimizer="adagrad", learning_rate=0.2).updater.optimizer
    assert isinstance(adagrad, torch.optim.Adagrad)
    assert adagrad.defaults["lr"] == 0.2


@pytest.mark.parametrize(
    ("max_norm", "is_transformer", "length"), [(0.5, False, 0.5), (0.5, True, 0.5), (None, True, 1.0)]
)
def test_gradients_are_shortened_to_the_length_that_is_set(
    max_norm: float | None, is_transformer: bool, length: float
) -> None:
    module = nn.Linear(4, 3, bias=False)
    before = module.weight.detach().clone()
    updater = Updater(
        module, torch.optim.SGD(module.parameters()), Precision("cpu", torch.float32), is_transformer, max_norm
    )
    updater.backward((module.weight * torch.arange(12.0).view(3, 4)).sum(), 1)
    updater.update(1.0)
    assert float((module.weight - before).norm()) == pytest.approx(length, rel=1e-4)


def test_without_a_length_each_number_of_a_gradient_is_cut_at_five() -> None:
    module = nn.Linear(3, 1, bias=False)
    before = module.weight.detach().clone()
    updater = Updater(module, torch.optim.SGD(module.parameters()), Precision("cpu", torch.float32), False)
    updater.backward((module.weight * torch.tensor([[1.0, -7.0, 30.0]])).sum(), 1)
    updater.update(1.0)
    assert (before - module.weight).tolist()[0] == pytest.approx([1, -5, 5], abs=1e-5)


def test_frozen_layers_neither_learn_nor_drift(tmp_path: Path) -> None:
    trainer = prepare(tmp_path, layers_to_freeze=5, number_of_epochs=1)
    before = {name: value.clone() for name, value in trainer.module.state_dict().items()}
    trainer.events = EventWriter(tmp_path / "more.jsonl")
    trainer.fit()
    after = trainer.module.state_dict()
    frozen = [name for name in before if name.startswith(tuple(f"features.{index}." for index in range(5)))]
    assert frozen
    assert all(torch.equal(before[name], after[name]) for name in frozen)
    assert not torch.equal(before["features.5.conv.0.0.weight"], after["features.5.conv.0.0.weight"])


@pytest.mark.parametrize(("name", "count"), [("mobilenetv2", 19), ("resnet18", 5), ("vits16r224", 13)])
def test_freeze_groups_follow_the_table(name: str, count: int) -> None:
    built = build_architecture(name, 3)
    assert len(built.freeze_groups) == count
    for group in built.freeze_groups:
        for module in group:
            assert isinstance(built.module.get_submodule(module), nn.Module)


def test_workers_do_not_change_the_run(history, tmp_path: Path) -> None:
    assert fit(make_run(tmp_path, images=4, number_of_workers=2)) == history()


def test_checkpoint_frequency_keeps_those_epochs(tmp_path: Path) -> None:
    run = make_run(tmp_path, images=4, number_of_epochs=5, checkpoint_frequency=2)
    train(run)
    kept = sorted(path.name for path in (run.output_dir / "train_artifacts" / "checkpoints").iterdir())
    assert kept == ["epoch-002.safetensors", "epoch-004.safetensors"]


def test_evaluation_frequency_still_scores_the_last_epoch(history) -> None:
    found = history(evaluation_frequency=2, number_of_epochs=3)
    assert ["accuracy" in found[epoch] for epoch in (1, 2, 3)] == [False, True, True]
    assert all("loss_train" in values for values in found.values())


def test_a_missing_value_is_named() -> None:
    with pytest.raises(InvalidDocumentError) as caught:
        Hyperparameters.from_values({name: value for name, value in PARAMETERS.items() if name != "momentum"})
    assert [detail.path for detail in caught.value.details] == ["parameters.momentum"]
