"""Lifelines: no child outlives the process that started it, however that one ends.

The parent holds the write end of a pipe, the child the read end. The kernel closes the write end when the parent dies,
by `kill -9` too, and the child reads the end of file. Works the same on Linux and macOS, and needs no polling.
"""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

ENVIRONMENT_KEY = "DARKROOM_LIFELINE_FD"
GRACE_SECONDS = 10.0


class Lifeline:
    """Both ends of the pipe, in the parent. The child gets `fd_for_child` and `environment`."""

    def __init__(self, fd_for_child: int, fd_held: int) -> None:
        self.fd_for_child = fd_for_child
        self._fd_held: int | None = fd_held

    @property
    def environment(self) -> dict[str, str]:
        """What the child needs in its environment to find its end."""
        return {ENVIRONMENT_KEY: str(self.fd_for_child)}

    def release_child_end(self) -> None:
        """Close the parent's copy of the child's end, once the child has it."""
        if self.fd_for_child >= 0:
            os.close(self.fd_for_child)
            self.fd_for_child = -1

    def close(self) -> None:
        """Let go: to the child this looks as if the parent had died."""
        held, self._fd_held = self._fd_held, None
        if held is not None:
            os.close(held)


def open_lifeline() -> Lifeline:
    """A new pipe. Neither end is inherited by accident: pass `fd_for_child` in `pass_fds`."""
    return Lifeline(*os.pipe())


class Process(subprocess.Popen[Any]):
    """A child in its own session with a lifeline; signals by `stop` go to the whole group."""

    lifeline: Lifeline | None = None

    def stop(self, timeout: float = GRACE_SECONDS) -> int:
        """SIGTERM to the child; SIGKILL to its whole group after `timeout` seconds, and to what the child left behind.

        Returns the exit code, negative for a signal.
        """
        if self.poll() is None:
            self.terminate()
        try:
            code = self.wait(timeout)
        except subprocess.TimeoutExpired:
            kill_group(self.pid)
            code = self.wait()
        kill_group(self.pid)
        self.release()
        return int(code)

    def release(self) -> None:
        """Give back the descriptor of the lifeline of a child that is gone."""
        if self.lifeline is not None:
            self.lifeline.close()


def kill_group(leader: int, number: int = signal.SIGKILL) -> None:
    """Signal every process of the group `leader` leads; one that is gone is no error."""
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):
        pass


def spawn(command: Sequence[str], env: Mapping[str, str] | None = None, **popen: Any) -> Process:
    """Start a command in a new session, with a lifeline to this process.

    `env` is the child's whole environment (this one's by default); the rest goes to `subprocess.Popen`.
    """
    lifeline = open_lifeline()
    environment = {**(os.environ if env is None else env), **lifeline.environment}
    fds = (*popen.pop("pass_fds", ()), lifeline.fd_for_child)
    try:
        process = Process(list(command), env=environment, pass_fds=fds, start_new_session=True, **popen)
    except BaseException:
        lifeline.close()
        raise
    finally:
        lifeline.release_child_end()
    process.lifeline = lifeline
    return process


def watch_lifeline(on_lost: Callable[[], None] | None = None) -> threading.Thread | None:
    """Call `on_lost` once, from a thread, when the process that started this one is gone.

    By default: SIGTERM to this process, and SIGKILL to its whole group if it is still there ten seconds later.
    Returns None where no lifeline was handed over (started by hand).
    """
    fd = take_lifeline()
    return None if fd is None else watch_descriptor(fd, on_lost)


def watch_descriptor(fd: int, on_lost: Callable[[], None] | None = None) -> threading.Thread:
    """The same for an end of a pipe that came another way, such as over a fork."""
    os.set_inheritable(fd, False)

    def watch() -> None:
        wait_for_loss(fd)
        (on_lost or end_own_group)()

    thread = threading.Thread(target=watch, name="lifeline", daemon=True)
    thread.start()
    return thread


def take_lifeline() -> int | None:
    """This process's end, taken out of the environment so that no grandchild mistakes another descriptor for it."""
    value = os.environ.pop(ENVIRONMENT_KEY, "")
    try:
        fd = int(value)
        return fd if stat.S_ISFIFO(os.fstat(fd).st_mode) else None
    except (ValueError, OSError):
        return None


def wait_for_loss(fd: int) -> None:
    """Block until the other end is closed."""
    try:
        while os.read(fd, 64):
            pass
    except OSError:
        pass


def end_own_group() -> None:
    """Ask this process to end, then end its whole group by force."""
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def run_on_lifeline(command: Sequence[str]) -> int:
    """Run a program that knows nothing of lifelines and end it when ours is lost. Returns its exit code."""
    fd = take_lifeline()
    child = subprocess.Popen(list(command), preexec_fn=_die_with_parent)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: child.terminate())

    def end() -> None:
        child.terminate()
        time.sleep(GRACE_SECONDS)
        child.kill()

    if fd is not None:
        watch_descriptor(fd, end)
    return child.wait()


def _die_with_parent() -> None:
    """Linux only: SIGTERM when this wrapper itself is killed. Elsewhere the next start removes the leftover."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    raise SystemExit(run_on_lifeline(sys.argv[1:]))
