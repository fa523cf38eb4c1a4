"""A run that was cut off and resumed tells the same metrics as one left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import torch

from tests.vision.training.runs import fit, make_run, metrics_by_epoch, train
from vision.lifeline import spawn
from vision.training.checkpoints import list_checkpoints
from vision.training.event_log import read_events
from vision.training.launch import training_command, training_environment
from vision.training.run_document import RunDocument

pytestmark = pytest.mark.heavy

SETTINGS = {"images": 12, "number_of_epochs": 6, "training_batch_size": 4, "number_of_workers": 0}


TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "1"]


def start(run_path: Path, launcher: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    """`launcher`: what stands between Python and the module, as it does where there are several processes."""
    python, *module = training_command(run_path)
    return subprocess.Popen(
        [python, *launcher, *module],
        env=training_environment(1),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for(process: subprocess.Popen[bytes], run: RunDocument, is_reached, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not any(is_reached(event) for event in read_events(run.events_path)[0]):
        assert process.poll() is None, "the run ended before it came there"
        assert time.monotonic() < deadline, "the run never came there"
        time.sleep(0.01)


def is_inside_epoch_three(event) -> bool:
    """Epoch 2 is put down, so the nine batches of the third are under way."""
    return event["type"] == "checkpoint" and event["epoch"] == 2


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, float]]:
    with one_thread():
        return fit(make_run(tmp_path_factory.mktemp("uninterrupted"), **SETTINGS))


def resume(run: RunDocument) -> dict[int, dict[str, float]]:
    newest = max(list_checkpoints(run.checkpoint_dir).items())[1]
    with one_thread():
        return fit(run.model_copy(update={"resume_from": newest}))


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums are exact only when split among as many threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.slow
def test_killed_inside_an_epoch(tmp_path: Path, uninterrupted: dict[int, dict[str, float]]) -> None:
    run = make_run(tmp_path, **SETTINGS)
    process = start(tmp_path / "run.json")
    wait_for(process, run, is_inside_epoch_three)
    process.kill()
    assert process.wait(30) == -signal.SIGKILL
    assert resume(run) == uninterrupted


@pytest.mark.slow
def test_stopped_inside_an_epoch(tmp_path: Path, uninterrupted: dict[int, dict[str, float]]) -> None:
    run = make_run(tmp_path, **SETTINGS)
    process = start(tmp_path / "run.json")
    wait_for(process, run, is_inside_epoch_three)
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(30)
    events = read_events(run.events_path)[0]
    assert [event["type"] for event in events[-2:]] == ["checkpoint", "stopped"]
    assert events[-1]["reason"] == "SIGTERM"
    assert resume(run) == uninterrupted


@pytest.mark.slow
def test_a_killed_launcher_takes_the_training_process_with_it(
    tmp_path: Path, uninterrupted: dict[int, dict[str, float]]
) -> None:
    run = make_run(tmp_path, **SETTINGS)
    process = start(tmp_path / "run.json", TORCHRUN)
    wait_for(process, run, is_inside_epoch_three)
    (trainer,) = psutil.Process(process.pid).children()
    process.kill()
    trainer.wait(5)
    assert resume(run) == uninterrupted


@pytest.mark.slow
def test_who_started_it_is_gone_and_so_is_the_process(tmp_path: Path) -> None:
    run = make_run(tmp_path, **(SETTINGS | {"number_of_epochs": 10_000}))
    process = spawn(training_command(tmp_path / "run.json"), training_environment(1), stderr=subprocess.DEVNULL)
    wait_for(process, run, lambda event: True)
    process.release()
    assert process.wait(15) != 0
    assert read_events(run.events_path)[0][-1]["reason"] == "the process that started it is gone"


@pytest.mark.slow
def test_a_lost_lease_ends_the_process(tmp_path: Path) -> None:
    lease = tmp_path / "lease"
    lease.write_text("mine")
    in_a_while = time.time() + 90
    os.utime(lease, (in_a_while, in_a_while))  # nobody renews it here, and to begin may take longer than it lasts
    run = make_run(tmp_path, attempt="mine", lease_path=lease, **(SETTINGS | {"number_of_epochs": 10_000}))
    process = start(tmp_path / "run.json")
    wait_for(process, run, lambda event: event["type"] == "progress")
    lease.write_text("another's")
    assert process.wait(15) != 0
    assert read_events(run.events_path)[0][-1]["reason"] == "lease taken by another attempt"


CHECKPOINTED = {
    "images": 6,
    "number_of_epochs": 3,
    "checkpoint_frequency": 1,
    "log_training_metrics": "enable",
    "optimizer": "adamw",
    "learning_rate": 0.001,
}


@pytest.fixture(scope="module")
def checkpointed(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunDocument, list[dict]]:
    run = make_run(tmp_path_factory.mktemp("checkpointed"), **CHECKPOINTED)
    return run, train(run)


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_any_checkpoint_leads_to_the_same_end(tmp_path: Path, epochs: int, checkpointed) -> None:
    run, whole = checkpointed
    events = train(make_run(tmp_path, **CHECKPOINTED, resume_from=run.checkpoint_dir / f"checkpoint-{epochs}.pt"))
    for epoch, values in metrics_by_epoch(events).items():
        assert values == metrics_by_epoch(whole)[epoch]
    assert {name: events[-1][name] for name in ("best_epoch", "epochs", "metrics")} == {
        name: whole[-1][name] for name in ("best_epoch", "epochs", "metrics")
    }
