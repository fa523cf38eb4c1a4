from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vision.training.launch import count_processes, training_command, training_environment


def test_the_command_starts_one_process_a_device() -> None:
    command = training_command(Path("a b/run.json"), 2)
    assert command[-3:] == ["-m", "vision.training", "a b/run.json"]
    assert command[command.index("--nproc-per-node") + 1] == "2"


def test_one_process_is_started_without_a_launcher() -> None:
    assert training_command(Path("run.json")) == [sys.executable, "-m", "vision.training", "run.json"]


def test_the_environment_finds_our_package_and_keeps_the_rest(monkeypatch) -> None:
    monkeypatch.setenv("SOMETHING", "else")
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1000000")
    environment = training_environment(3)
    assert environment["OMP_WAIT_POLICY"] == "ACTIVE"
    assert environment["MALLOC_TRIM_THRESHOLD_"] == "1000000"
    assert environment["OMP_NUM_THREADS"] == "3"
    assert environment["SOMETHING"] == "else"
    assert (Path(environment["PYTHONPATH"].split(":")[0]) / "vision" / "training").is_dir()


def test_what_the_web_imports_loads_no_torch() -> None:
    names = ["run_document", "event_log", "launch"]
    code = f"import sys\nfor n in {names}: __import__('vision.training.' + n)\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env=training_environment(1))


@pytest.mark.parametrize(
    ("devices", "is_distributed", "processes"),
    [("", True, 1), (None, True, 1), ("0", True, 1), ("0,2", True, 2), ("0,2", False, 1)],
)
def test_one_process_for_each_gpu_of_the_slot(devices, is_distributed, processes):
    assert count_processes(devices, is_distributed) == processes
