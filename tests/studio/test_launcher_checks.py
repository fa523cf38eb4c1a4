from __future__ import annotations

import socket

import pytest

from studio.launcher import checks
from studio.launcher.checks import bind_port, lock_home
from vision.errors import UserError


def test_port_in_use_names_the_variable(monkeypatch):
    monkeypatch.setattr(checks, "_PATIENCE_SECONDS", 0.0)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=f"Port {port} .*STUDIO_PORT"):
            bind_port("127.0.0.1", port)
    bind_port("127.0.0.1", port).close()


def test_host_of_another_machine_names_the_variable(monkeypatch):
    monkeypatch.setattr(checks, "_PATIENCE_SECONDS", 0.0)
    with pytest.raises(UserError, match="STUDIO_HOST"):
        bind_port("no such host", 8000)
    with pytest.raises(UserError, match="STUDIO_HOST"):
        bind_port("192.0.2.1", 8000)


def test_home_is_held_by_one_at_a_time(tmp_path):
    with lock_home(tmp_path), pytest.raises(UserError, match=r"already running .*STUDIO_HOME"):
        lock_home(tmp_path)
    lock_home(tmp_path).close()
