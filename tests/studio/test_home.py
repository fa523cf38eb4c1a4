from __future__ import annotations

import ast
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from studio import home as studio_home
from studio.home import HomeError, broker_socket, check_home, check_space, load_or_create_secret
from tests.running import ROOT


def test_secret_is_made_once_and_private(tmp_path):
    path = tmp_path / "sub" / "token"
    secret = load_or_create_secret(path)
    assert len(secret) >= 32
    assert load_or_create_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_empty_secret_says_what_to_do(tmp_path):
    (tmp_path / "token").touch()
    with pytest.raises(HomeError, match="Delete it"):
        load_or_create_secret(tmp_path / "token")


def test_socket_of_a_deep_home_is_short_enough_for_the_kernel(tmp_path):
    deep = tmp_path / ("long name " * 12)
    assert len(os.fsencode(broker_socket(deep))) <= 100
    assert broker_socket(deep) == broker_socket(deep)
    assert broker_socket(Path("/srv/darkroom")) == Path("/srv/darkroom/valkey/valkey.sock")


def test_home_that_cannot_be_written_names_the_variable(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(HomeError, match="Set STUDIO_HOME"):
        check_home()


def test_full_disk_names_the_variable(tmp_path, monkeypatch):
    monkeypatch.setattr(studio_home, "_LEAST_FREE_BYTES", 1 << 62)
    with pytest.raises(HomeError, match=r"No disk space left .* STUDIO_HOME"):
        check_space(tmp_path)


def test_command_line_says_it_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    result = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env={**os.environ, "STUDIO_HOME": str(tmp_path / "file" / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert len((result.stdout + result.stderr).strip().splitlines()) == 1
    assert "STUDIO_HOME" in result.stderr


def test_an_old_python_gets_as_far_as_the_message():
    """The version check must parse under a Python that is too old, and come before everything else."""
    text = (ROOT / "manage.py").read_text()
    ast.parse(text, feature_version=(3, 7))
    assert text.index("sys.version_info") < text.index("from studio")
