"""Children end with their parent, whatever ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.processes import is_gone, wait_for
from tests.running import ROOT
from vision import lifeline

CHILD = """
import os, pathlib, sys, time
from vision.lifeline import watch_lifeline
watch_lifeline()
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(60)
"""
PARENT = """
import sys, time
from vision.lifeline import spawn
spawn([sys.executable, *sys.argv[1:]])
time.sleep(60)
"""


def start_parent(*command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PARENT, *command], cwd=ROOT)


def read_pid(path) -> int:
    return int(wait_for(lambda: path.exists() and path.read_text(), what=str(path)))


def test_child_ends_when_parent_is_killed(tmp_path):
    parent = start_parent("-c", CHILD, str(tmp_path / "pid"))
    pid = read_pid(tmp_path / "pid")
    parent.kill()
    parent.wait()
    wait_for(lambda: is_gone(pid), timeout=5)


def test_program_without_a_lifeline_of_its_own_ends_through_the_wrapper(tmp_path):
    script = f"echo $$ > '{tmp_path}/pid'; exec sleep 60"
    parent = start_parent("-m", "vision.lifeline", "sh", "-c", script)
    pid = read_pid(tmp_path / "pid")
    parent.kill()
    parent.wait()
    wait_for(lambda: is_gone(pid), timeout=5)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_program_ends_when_the_wrapper_is_killed(tmp_path):
    script = f"echo $$ > '{tmp_path}/pid'; exec sleep 60"
    wrapper = lifeline.spawn([sys.executable, "-m", "vision.lifeline", "sh", "-c", script], cwd=ROOT)
    pid = read_pid(tmp_path / "pid")
    wrapper.kill()
    wrapper.wait()
    wait_for(lambda: is_gone(pid), timeout=5)
    wrapper.release()


def test_stop_forces_a_child_that_does_not_listen(tmp_path):
    script = f"trap '' TERM; echo $$ > '{tmp_path}/pid'; while :; do sleep 0.1; done"
    process = lifeline.spawn(["sh", "-c", script])
    read_pid(tmp_path / "pid")
    begin = time.monotonic()
    assert process.stop(0.3) == -signal.SIGKILL
    assert time.monotonic() - begin < 5


def test_stop_takes_what_the_child_left_behind(tmp_path):
    process = lifeline.spawn(["sh", "-c", f"sleep 60 & echo $! > '{tmp_path}/pid'"])
    pid = read_pid(tmp_path / "pid")
    process.wait()
    process.stop()
    wait_for(lambda: is_gone(pid), timeout=5)


def test_two_children_do_not_hold_each_others_lifeline(tmp_path):
    first = lifeline.spawn([sys.executable, "-c", CHILD, str(tmp_path / "first")], cwd=ROOT)
    second = lifeline.spawn([sys.executable, "-c", CHILD, str(tmp_path / "second")], cwd=ROOT)
    read_pid(tmp_path / "first"), read_pid(tmp_path / "second")
    first.release()
    assert first.wait(5) == -signal.SIGTERM
    assert second.poll() is None
    second.stop()


def test_a_wrong_descriptor_in_the_environment_is_no_lifeline(monkeypatch, tmp_path):
    with (tmp_path / "file").open("w") as file:
        monkeypatch.setenv(lifeline.ENVIRONMENT_KEY, str(file.fileno()))
        assert lifeline.watch_lifeline() is None
    assert lifeline.ENVIRONMENT_KEY not in os.environ
