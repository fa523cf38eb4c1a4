"""The worker as a real process on a real broker."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import django_rq
import pytest
from django.conf import settings

from tests.processes import is_gone, wait_for
from tests.running import ROOT
from vision.lifeline import Process, spawn

pytestmark = [pytest.mark.heavy, pytest.mark.services]


@pytest.fixture
def worker(broker):
    process = start_worker(broker)
    yield process
    process.stop(5)


def start_worker(broker) -> Process:
    address = os.environ.get("REDIS_URL") or settings.REDIS_URL
    process = spawn(
        [sys.executable, "manage.py", "worker", "cpu", "--name", "test"],
        {**os.environ, "STUDIO_HOME": str(settings.STUDIO_HOME), "REDIS_URL": address, "DARKROOM_SLOT": "cpu:0"},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
    )
    wait_for(lambda: broker.smembers("rq:workers:cpu"), what="the worker's registration")
    return process


def enqueue(name: str, *args: object) -> None:
    django_rq.get_queue("cpu").enqueue_call(f"tests.studio.work_items.{name}", args=args, timeout=-1)


def start_sleeper(tmp_path, seconds: float = 60) -> int:
    """Enqueue the sleeping work item; the process id of the horse that runs it."""
    enqueue("note_and_sleep", str(tmp_path / "pid"), seconds)
    text = wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), what="the work item")
    pid, has_torch = text.split()
    assert has_torch == "False"
    return int(pid)


def test_work_is_done_in_a_process_of_its_own(worker, tmp_path):
    horse = start_sleeper(tmp_path, 0.1)
    wait_for((tmp_path / "pid.done").exists)
    assert horse != worker.pid
    wait_for(lambda: is_gone(horse))


def test_code_is_imported_once_for_all_work_items(worker, tmp_path):
    horses = set()
    for name in ("one", "other"):
        enqueue("note_importer", str(tmp_path / name))
        told = wait_for(lambda name=name: (tmp_path / name).exists() and (tmp_path / name).read_text())
        importer, horse = map(int, told.split())
        assert importer == worker.pid
        horses.add(horse)
    assert len(horses - {worker.pid}) == 2


@pytest.mark.parametrize("module", ["datasets.work_items", "jobs.work_items"])
def test_the_code_of_work_items_may_be_imported_before_a_fork(module):
    """It starts no thread that would be missing in the child: those of OpenBLAS and jemalloc, which see to that
    themselves, apart."""
    program = f"""
import django; django.setup()
import {module}
from pathlib import Path
print(*(task.read_text().strip() for task in Path("/proc/self/task").glob("*/comm")))
"""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    told = subprocess.check_output([sys.executable, "-c", program], env=environment, cwd=ROOT, text=True)
    assert set(told.split()) <= {Path(sys.executable).name, "jemalloc_bg_thd"}


def test_an_unknown_work_item_leaves_the_worker_working(worker, tmp_path):
    django_rq.get_queue("cpu").enqueue_call("tests.studio.no_such_module.fail", timeout=-1)
    start_sleeper(tmp_path, 0)
    wait_for((tmp_path / "pid.done").exists)
    assert worker.poll() is None


def test_work_item_sees_its_slot(worker, tmp_path):
    enqueue("note_environment", str(tmp_path / "env"))
    assert wait_for(lambda: (tmp_path / "env").exists() and (tmp_path / "env").read_text()).split("|")[1] == "cpu:0"


def test_a_failing_work_item_leaves_the_worker_working(worker, tmp_path):
    enqueue("fail")
    start_sleeper(tmp_path, 0)
    wait_for((tmp_path / "pid.done").exists)
    assert worker.poll() is None


def test_sigterm_unwinds_the_work_item_and_ends_the_worker(worker, tmp_path):
    horse = start_sleeper(tmp_path)
    begin = time.monotonic()
    worker.terminate()
    assert worker.wait(15) == 0
    assert time.monotonic() - begin < 8
    assert (tmp_path / "pid.unwound").exists()
    assert is_gone(horse)


def test_killed_worker_takes_its_horse_along(worker, tmp_path):
    horse = start_sleeper(tmp_path)
    worker.kill()
    worker.wait()
    wait_for(lambda: is_gone(horse), timeout=12)
    assert (tmp_path / "pid.unwound").exists()


def test_killed_horse_leaves_the_worker_working(worker, tmp_path):
    horse = start_sleeper(tmp_path)
    os.kill(horse, 9)
    (tmp_path / "second").mkdir()
    start_sleeper(tmp_path / "second", 0)
    assert worker.poll() is None


def test_drain_runs_what_is_enqueued_and_raises_what_fails(run_queue, tmp_path):
    enqueue("note_environment", str(tmp_path / "env"))
    run_queue("cpu")
    assert (tmp_path / "env").exists()
    enqueue("fail")
    with pytest.raises(ValueError, match="as asked"):
        run_queue()
