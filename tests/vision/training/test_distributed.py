from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.vision.training.runs import make_run, metrics_by_epoch
from vision.training.event_log import read_events
from vision.training.launch import training_command, training_environment


@pytest.mark.slow
def test_two_processes_train_one_network(tmp_path: Path) -> None:
    run = make_run(tmp_path, images=8, number_of_epochs=2, training_batch_size=4, gradient_accumulation_step=2)
    done = subprocess.run(
        training_command(tmp_path / "run.json", 2),
        env=training_environment(1),
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    events = read_events(run.events_path)[0]
    started = next(event for event in events if event["type"] == "started")
    assert started["world_size"] == 2
    assert [event["type"] for event in events].count("completed") == 1
    assert sorted(metrics_by_epoch(events)) == [1, 2]
    last = [event for event in events if event["type"] == "progress"][-1]
    assert last["steps"] == 3, "24 images, 2 processes, 4 an image each"
