"""HTTP to places the administrator allows, without being led anywhere else.

A host's addresses are looked up once and each is judged; the connection goes to a judged address, so that a second
look-up cannot lead elsewhere. Redirects are followed by hand and judged the same way. Size and time are bounded.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from datasets.allowed import Source

Allow = Callable[[str], Source | None]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_MOST_REDIRECTS = 5
_CONNECT_SECONDS = 10.0
_PIECE = 1 << 16
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_HEADERS = {"Accept-Encoding": "identity", "Connection": "close", "User-Agent": "Darkroom"}
_REDIRECTS = {301, 302, 303, 307, 308}
_URL_SAFE = "/%:=&?~#+!$,;'@()*[]"


class FetchError(Exception):
    """An address that was not fetched. `str()` is for the user and says why."""


def fetch(
    source: Source, target: Path, allow: Allow, max_bytes: int, seconds: float, on_bytes: Callable[[int, int], None]
) -> None:
    """Write what lies at an address to `target`, whole or not at all.

    `allow` judges each redirect; `on_bytes(received, expected)` is told as bytes come, `expected` 0 where unknown.

    Raises:
        FetchError: not found, not allowed, too large, too slow, cut.
    """
    end = time.monotonic() + seconds
    for _ in range(_MOST_REDIRECTS + 1):
        with _open(source, end) as answer:
            if answer.status not in _REDIRECTS:
                _save(answer, target, max_bytes, end, on_bytes)
                return
            source = _follow(source, answer.headers.get("Location", ""), allow)
    raise FetchError(f"It was sent on more than {_MOST_REDIRECTS} times.")


def probe(source: Source, seconds: float = _CONNECT_SECONDS) -> int:
    """The status an address answers with.

    Raises:
        FetchError: nobody is there, or it is not allowed.
    """
    with _open(source, time.monotonic() + seconds) as answer:
        return answer.status


def is_public(address: Address) -> bool:
    """Whether an address is out on the internet: not this machine, its network, or a form that hides such a one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = _find_hidden(address)
        if inner is not None:
            return is_public(inner)
    refused = (address.is_private, address.is_loopback, address.is_link_local, address.is_multicast)
    return address.is_global and not any(refused) and not address.is_reserved and not address.is_unspecified


def _find_hidden(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


@contextmanager
def _open(source: Source, end: float) -> Iterator[http.client.HTTPResponse]:
    parts = urlsplit(source.url)
    connection = _connect(parts, source.allows_private, end)
    # A socket's own limit begins again with each byte: one that drips would never end
    guard = threading.Timer(max(0.0, end - time.monotonic()), _shut, [connection.sock])
    guard.daemon = True
    guard.start()
    try:
        path = quote(parts.path or "/", _URL_SAFE) + (f"?{quote(parts.query, _URL_SAFE)}" if parts.query else "")
        connection.request(
            "GET", path, headers={"Accept-Encoding": "identity", "Connection": "close", "User-Agent": "Darkroom"}
        )
        with connection.getresponse() as answer:
            yield answer
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = time.monotonic() >= end
        raise FetchError("It took too long." if late else f"{parts.hostname} broke off: {error}.") from error
    finally:
        guard.cancel()
        connection.close()


def _shut(sock: socket.socket) -> None:
    """End whatever waits for the socket, in whichever thread."""
    with suppress(OSError):  # it was closed meanwhile
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _connect(parts: SplitResult, allows_private: bool, end: float) -> http.client.HTTPConnection:
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    reason = "there is no address of that name"
    for address in _look_up(host, port, allows_private):
        timeout = max(0.1, min(_CONNECT_SECONDS, end - time.monotonic()))
        try:
            sock = socket.create_connection((str(address), port), timeout=timeout)
            break
        except OSError as error:
            reason = str(error)
    else:
        raise FetchError(f"{host} cannot be reached: {reason}.")
    try:
        return _wrap(parts.scheme, host, port, sock)
    except OSError as error:
        sock.close()
        raise FetchError(f"{host} cannot be trusted: {error}.") from error


def _wrap(scheme: str, host: str, port: int, sock: socket.socket) -> http.client.HTTPConnection:
    sock.settimeout(_CONNECT_SECONDS)
    if scheme != "https":
        connection = http.client.HTTPConnection(host, port)
        connection.sock = sock
        return connection
    secure = http.client.HTTPSConnection(host, port, context=_tls())
    secure.sock = _tls().wrap_socket(sock, server_hostname=host)
    return secure


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _look_up(host: str, port: int, allows_private: bool) -> list[Address]:
    """Every address of a host, all of them judged.

    Raises:
        FetchError: no such host, or one of its addresses is not to be read.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FetchError(f"There is no host {host}.") from None
    addresses = list(dict.fromkeys(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))
    bad = [address for address in addresses if not is_public(address)]
    if bad and not allows_private:
        raise FetchError(f"{host} leads to {bad[0]}, an address inside a network, and is not allowed to.")
    return addresses


def _follow(source: Source, location: str, allow: Allow) -> Source:
    url = urljoin(source.url, location)
    next_source = allow(url) if location else None
    if next_source is None:
        where = urlsplit(url).hostname or "nowhere"
        raise FetchError(f"It sends on to {where}, which is not allowed.")
    return next_source


def _save(
    answer: http.client.HTTPResponse, target: Path, max_bytes: int, end: float, on_bytes: Callable[[int, int], None]
) -> None:
    if answer.status != 200:
        raise FetchError(f"It answers {answer.status} {answer.reason}.")
    expected = answer.length or 0
    if expected > max_bytes:
        raise _too_large(max_bytes)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{threading.get_ident()}")
    try:
        received = _copy(answer, part, expected, max_bytes, on_bytes)
        if time.monotonic() >= end:  # the guard's cut looks like the end of a body without a length
            raise FetchError("It took too long.")
        if received < expected:
            raise FetchError(f"It broke off after {received:,} of {expected:,} bytes.")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _copy(
    answer: http.client.HTTPResponse, part: Path, expected: int, max_bytes: int, on_bytes: Callable[[int, int], None]
) -> int:
    received = 0
    with part.open("wb") as file:
        while piece := answer.read1(_PIECE):
            received += len(piece)
            if received > max_bytes:
                raise _too_large(max_bytes)
            file.write(piece)
            on_bytes(received, expected)
    return received


def _too_large(max_bytes: int) -> FetchError:
    return FetchError(f"It has more than {max_bytes / 1e6:,.0f} MB.")
