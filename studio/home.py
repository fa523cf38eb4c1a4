"""STUDIO_HOME: the one folder that holds all state of this machine."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
_LEAST_FREE_BYTES = 300 * 1024 * 1024
_LONGEST_SOCKET_PATH = 100  # the kernel's limit is 108 bytes on Linux, 104 on macOS


class HomeError(Exception):
    """The folder cannot be used, in one line that names the variable to set."""


def find_home() -> Path:
    """STUDIO_HOME, by default `var` in the checkout."""
    return Path(os.environ.get("STUDIO_HOME") or ROOT / "var").expanduser().resolve()


def check_home() -> Path:
    """Make the folder and see that it can be written to.

    Raises:
        HomeError: it cannot, or the disk is full.
    """
    home = find_home()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as probe:
            probe.write(b"darkroom")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _no_space(home) from error
        why = error.strerror or str(error)
        raise HomeError(f"Cannot write to {home}: {why}. Set STUDIO_HOME to a folder you may write to.") from error
    return home


def check_space(home: Path) -> None:
    """See that there is room to work.

    Raises:
        HomeError: there is not.
    """
    if shutil.disk_usage(home).free < _LEAST_FREE_BYTES:
        raise _no_space(home)


def _no_space(home: Path) -> HomeError:
    needed = _LEAST_FREE_BYTES >> 20
    return HomeError(
        f"No disk space left for {home} ({needed} MiB needed). Free some, or set STUDIO_HOME to another disk."
    )


def load_or_create_secret(path: Path) -> str:
    """The secret in the file, made with mode 0600 on first use. Two processes starting at once get the same one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_secret(path)
    with os.fdopen(handle, "w") as file:
        value = secrets.token_urlsafe(32)
        file.write(value)
    return value


def _read_secret(path: Path) -> str:
    for _ in range(50):  # whoever made the file may not have written it yet
        if value := path.read_text().strip():
            return value
        time.sleep(0.02)
    raise HomeError(f"{path} is empty. Delete it, and a new one is made.")


def broker_socket(home: Path) -> Path:
    """The embedded broker's unix socket: in STUDIO_HOME, or in a short private folder where that path is too long."""
    inside = home / "valkey" / "valkey.sock"
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET_PATH:
        return inside
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"darkroom-{os.getuid()}-{digest}" / "valkey.sock"


def broker_url(home: Path) -> str:
    """The embedded broker's address."""
    return f"unix://{quote(str(broker_socket(home)))}?db=0"
