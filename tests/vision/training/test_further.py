"""Training further what another run began."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.vision.training.runs import fit, make_run, metrics_by_epoch, train
from vision.errors import TrainingError, WeightsUnavailableError
from vision.training.checkpoints import best_weights, read_checkpoint
from vision.training.event_log import read_events
from vision.training.run_document import RunDocument

pytestmark = pytest.mark.heavy

SETTINGS = {"images": 4, "checkpoint_frequency": 1, "learning_rate_scheduler": "constant"}


def go_on(folder: Path, earlier: RunDocument, epoch: int, **changes) -> RunDocument:
    start = earlier.checkpoint_dir / f"checkpoint-{epoch}.pt"
    return make_run(folder, start_from=start, continue_start=True, **(SETTINGS | changes))


def test_a_run_that_goes_on_equals_one_that_never_stopped(tmp_path: Path) -> None:
    whole = fit(make_run(tmp_path / "whole", number_of_epochs=3, **SETTINGS))
    stopped = make_run(tmp_path / "stopped", number_of_epochs=3, **SETTINGS)
    fit(stopped)
    further = fit(go_on(tmp_path / "further", stopped, 2, number_of_epochs=3))
    assert further == {3: whole[3]}


def test_a_finished_run_trains_more_epochs_with_all_its_patience(tmp_path: Path) -> None:
    still = {"learning_rate": 0.0, "early_stopping_patience": 2, "early_stopping_delay": 1, "layers_to_freeze": 19}
    earlier = make_run(tmp_path / "earlier", number_of_epochs=9, **(SETTINGS | still))
    assert list(fit(earlier)) == [1, 2, 3, 4]  # stopped early
    further = go_on(tmp_path / "further", earlier, 4, number_of_epochs=9, checkpoint_run_id="lamp_HD_0", **still)
    assert list(fit(further)) == [5, 6]
    started = next(event for event in read_events(further.events_path)[0] if event["type"] == "checkpoint")
    state = read_checkpoint(Path(started["path"]))["state"]
    assert state["pretrained"] == "lamp_HD_0"


def test_the_best_so_far_may_lie_before_the_first_new_epoch(tmp_path: Path) -> None:
    earlier = make_run(tmp_path / "earlier", number_of_epochs=1, **SETTINGS)
    known = fit(earlier)[1]["accuracy"]
    further = go_on(tmp_path / "further", earlier, 1, number_of_epochs=2, learning_rate=0.0)
    completed = train(further)[-1]
    assert completed["epochs"] == 2
    assert completed["primary_metric"] >= known


def test_a_stopped_run_gives_its_best_weights_to_others(tmp_path: Path) -> None:
    earlier = make_run(tmp_path / "earlier", number_of_epochs=2, **SETTINGS)
    fit(earlier)
    path = earlier.checkpoint_dir / "checkpoint-2.pt"
    best = best_weights(read_checkpoint(path))
    assert (best.architecture, best.label_names) == ("mobilenetv2", ("amber", "blue", "green"))
    other = {"start_from": path, "learning_rate": 0.0, "number_of_epochs": 1, "layers_to_freeze": 19}
    run = make_run(tmp_path / "other", labels={"amber": 4, "blue": 4}, **other)
    events = train(run)
    assert next(event["code"] for event in events if event["type"] == "note") == "new_heads"
    assert metrics_by_epoch(events).keys() == {1}
    written = torch.load(run.checkpoint_dir / "checkpoint-1.pt", weights_only=True)["module"]
    assert torch.equal(written["features.0.0.weight"], best.tensors["features.0.0.weight"])


def test_what_there_is_nothing_of_is_said(tmp_path: Path) -> None:
    content = {"state": {"architecture": "", "label_names": []}, "best": {"weights": {}}}
    with pytest.raises(TrainingError, match="before its first epoch"):
        best_weights(content)
    earlier = make_run(tmp_path / "earlier", number_of_epochs=1, **SETTINGS)
    fit(earlier)
    path = earlier.checkpoint_dir / "checkpoint-1.pt"
    with pytest.raises(WeightsUnavailableError, match="trained mobilenetv2"):
        fit(make_run(tmp_path / "other", architecture="resnet18", start_from=path))
