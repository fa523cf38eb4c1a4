from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.vision.training.runs import make_run, train
from vision.errors import TrainingError
from vision.training.checkpoints import list_checkpoints, prune_checkpoints, read_checkpoint

pytestmark = pytest.mark.heavy


def test_a_checkpoint_is_tensors_and_plain_values(tmp_path: Path) -> None:
    run = make_run(tmp_path, images=4, number_of_epochs=1)
    train(run)
    content = torch.load(run.checkpoint_dir / "checkpoint-1.pt", weights_only=True)
    assert content["state"]["epoch"] == 1
    assert content["state"]["history"][0]["values"]["loss_train"] > 0
    assert content["best"]["epoch"] == 1
    assert content["optimizer"]["state"]
    assert set(content["best"]["weights"]) == set(content["module"])


def test_only_the_newest_stay_and_those_asked_for(tmp_path: Path) -> None:
    for epoch in range(8):
        (tmp_path / f"checkpoint-{epoch}.pt").touch()
    (tmp_path / ".checkpoint-8.pt.1.tmp").touch()
    prune_checkpoints(tmp_path, frequency=3)
    assert sorted(list_checkpoints(tmp_path)) == [3, 6, 7]


def test_frequency_zero_keeps_only_the_newest(tmp_path: Path) -> None:
    for epoch in range(5):
        (tmp_path / f"checkpoint-{epoch}.pt").touch()
    prune_checkpoints(tmp_path, frequency=0)
    assert sorted(list_checkpoints(tmp_path)) == [3, 4]


@pytest.mark.parametrize("content", [b"", b"not a checkpoint"])
def test_a_damaged_checkpoint_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "checkpoint-1.pt").write_bytes(content)
    with pytest.raises(TrainingError, match="cannot be read"):
        read_checkpoint(tmp_path / "checkpoint-1.pt")


def test_a_pickled_object_is_refused(tmp_path: Path) -> None:
    torch.save({"version": 1, "surprise": Path("x")}, tmp_path / "checkpoint-1.pt")
    with pytest.raises(TrainingError, match="cannot be read"):
        read_checkpoint(tmp_path / "checkpoint-1.pt")


def test_another_networks_checkpoint_is_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path / "a", images=4, number_of_epochs=1)
    train(run)
    other = make_run(
        tmp_path / "b", images=4, architecture="resnet18", resume_from=run.checkpoint_dir / "checkpoint-1.pt"
    )
    with pytest.raises(TrainingError, match="another architecture"):
        train(other)
