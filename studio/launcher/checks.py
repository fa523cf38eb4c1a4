"""What must hold before anything is started; each failure is one line that names the variable to set."""

from __future__ import annotations

import errno
import fcntl
import socket
import time
from io import TextIOWrapper
from pathlib import Path

from vision.errors import UserError

_PATIENCE_SECONDS = 4.0  # a run that was just killed still lets go of its port


def lock_home(home: Path) -> TextIOWrapper:
    """Hold this home for as long as the returned file is open; the kernel lets go when the process ends.

    Raises:
        UserError: another Darkroom holds it.
    """
    file = (home / "up.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise UserError(
            f"A Darkroom is already running with the folder {home}.",
            hint="Stop it first, or set STUDIO_HOME (and STUDIO_PORT) for a second one.",
            code="already_running",
        ) from None
    return file


def bind_port(host: str, port: int) -> socket.socket:
    """The listening socket of the web, held by the launcher so that a restarted web finds it again.

    Raises:
        UserError: the port is taken, or the host is none of this machine.
    """
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return _bind(host, port)
        except PermissionError:
            raise _port_error(f"Port {port} needs more rights than this user has.") from None
        except (socket.gaierror, UnicodeError):
            raise _host_error(host) from None
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise _host_error(host) from None
            if time.monotonic() > end:
                raise _port_error(f"Port {port} on {host} cannot be used: {error.strerror}.") from None
        time.sleep(0.2)


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)  # Linux lets two sockets bind one port as long as neither listens
    except OSError:
        listener.close()
        raise
    return listener


def _host_error(host: str) -> UserError:
    return UserError(
        f"{host} is no address of this machine.", hint="Set STUDIO_HOST to one that is.", code="no_such_host"
    )


def _port_error(message: str) -> UserError:
    return UserError(message, hint="Set STUDIO_PORT to a free one: STUDIO_PORT=8001 make run", code="port_in_use")
