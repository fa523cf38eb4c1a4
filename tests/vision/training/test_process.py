"""The process as its starter sees it: exit status and last words."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.vision.training.runs import make_run
from vision.training.event_log import read_events
from vision.training.process import EXIT_DONE, EXIT_FAILED, run_process


@pytest.fixture(autouse=True)
def own_signals():
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def last_event(folder: Path):
    return read_events(folder / "events.jsonl")[0][-1]


@pytest.mark.heavy
def test_a_finished_run(tmp_path: Path) -> None:
    make_run(tmp_path, images=4, number_of_epochs=1)
    assert run_process(tmp_path / "run.json") == EXIT_DONE
    assert last_event(tmp_path)["type"] == "completed"


def test_missing_weights_fail_with_the_users_choice(tmp_path: Path) -> None:
    make_run(tmp_path, images=4, pretrained="auto", offline=True, weights_dir=tmp_path)
    assert run_process(tmp_path / "run.json") == EXIT_FAILED
    error = last_event(tmp_path)["error"]
    assert error["code"] == "weights_unavailable"
    assert "pretrained: none" in error["hint"]


@pytest.mark.heavy
def test_a_diverging_run_fails_saying_so(tmp_path: Path) -> None:
    make_run(tmp_path, images=8, architecture="resnet18", learning_rate=1.0, optimizer="adam", number_of_epochs=5)
    assert run_process(tmp_path / "run.json") == EXIT_FAILED
    error = last_event(tmp_path)["error"]
    assert error["code"] == "training_diverged"
    assert "learning_rate" in error["hint"]


def test_a_missing_image_fails_naming_it(tmp_path: Path) -> None:
    run = make_run(tmp_path, images=4)
    blob = next(path for path in (run.images_dir / "blobs").rglob("*") if path.is_file())
    blob.unlink()
    assert run_process(tmp_path / "run.json") == EXIT_FAILED
    error = last_event(tmp_path)["error"]
    assert error["code"] == "image_missing"
    assert blob.name in error["message"]


def test_a_bug_is_reported_as_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(tmp_path, images=4)
    monkeypatch.setattr("vision.training.session.make_optimizer", lambda *_: 1 / 0)
    assert run_process(tmp_path / "run.json") == EXIT_FAILED
    assert last_event(tmp_path)["error"]["code"] == "internal"


def test_a_stop_before_the_first_epoch_ends_leaves_a_checkpoint(tmp_path: Path, monkeypatch) -> None:
    make_run(tmp_path, images=4)
    monkeypatch.setattr("vision.training.interrupt.StopRequest.listen", lambda self: self._on_signal(15, None))
    assert run_process(tmp_path / "run.json") == EXIT_DONE
    events = read_events(tmp_path / "events.jsonl")[0]
    assert events[-1]["type"] == "stopped"
    assert (events[-2]["type"], events[-2]["epoch"]) == ("checkpoint", 0)
    assert (tmp_path / "checkpoints" / "checkpoint-0.pt").is_file()
