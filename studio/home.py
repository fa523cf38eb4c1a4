"""STUDIO_HOME: the one folder that holds all state of this machine."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import quote

_LONGEST_SOCKET_PATH = 100  # the kernel's limit is 108 bytes on Linux, 104 on macOS


def load_or_create_secret(path: Path) -> str:
    """The secret in the file, made with mode 0600 on first use. Two processes starting at once get the same one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        value = secrets.token_urlsafe(32)
        file.write(value)
    return value


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
