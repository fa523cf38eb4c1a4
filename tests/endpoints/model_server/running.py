"""Real model servers."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.processes import wait_for
from tests.running import ROOT, free_port
from vision import lifeline


@dataclass
class Server:
    """A model server under test."""

    process: lifeline.Process
    client: httpx.Client
    log: Path

    def post(self, path: str, content: bytes) -> httpx.Response:
        return self.client.post(path, content=content, headers={"content-type": "application/json"})

    def family(self) -> list[psutil.Process]:
        main = psutil.Process(self.process.pid)
        return [main, *main.children(recursive=True)]

    def lanes(self) -> list[psutil.Process]:
        """The processes that hold torch, without the one they were forked from."""
        return [one for one in self.holders_of_torch() if not one.children()]

    def template(self) -> psutil.Process:
        """The process that the lanes were forked from."""
        (template,) = [one for one in self.holders_of_torch() if one.children()]
        return template

    def holders_of_torch(self) -> list[psutil.Process]:
        return [one for one in self.family() if "libtorch" in Path(f"/proc/{one.pid}/maps").read_text()]

    def is_healthy(self) -> bool:
        try:
            return self.client.get("/health").status_code == 200
        except httpx.HTTPError:
            return False

    def wait_until_healthy(self) -> None:
        wait_for(lambda: self.is_healthy() or self.process.poll() is not None, 200, "the server is warm")
        assert self.process.poll() is None, self.log.read_text()


@contextmanager
def run_model_server(model: Path, log: Path, *options: str):
    port = free_port()
    command = [sys.executable, "-m", "endpoints.model_server", "--model", str(model), "--port", str(port), *options]
    with log.open("wb") as file:
        process = lifeline.spawn(command, stdout=file, stderr=subprocess.STDOUT, cwd=ROOT)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=180, trust_env=False)
    try:
        yield Server(process, client, log)
    finally:
        client.close()
        process.stop()


def are_gone(processes: list[psutil.Process]) -> bool:
    return not [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
