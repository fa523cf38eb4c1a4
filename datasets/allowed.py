"""What this server may read besides uploads, as its administrator set it. Without a setting: nothing."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import SplitResult, unquote, urlsplit

from django.conf import settings

from vision.errors import InvalidDatasetError

_PRIVATE = "!"  # an entry that ends with it may lead to private addresses
_LOCAL_SCHEMES = {"", "file", "local"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Source:
    """An address that may be read. `allows_private` says that it may lead into the server's own network."""

    url: str
    allows_private: bool = False

    @property
    def scheme(self) -> str:
        return self.url.partition("://")[0].lower()

    @property
    def shown(self) -> str:
        """The address without its query, where keys and signatures stand."""
        return self.url.partition("?")[0]


def list_folders() -> list[Path]:
    """The folders imports may read from (`STUDIO_IMPORT_FOLDERS`)."""
    return [Path(part.strip()) for part in settings.STUDIO_IMPORT_FOLDERS.split(os.pathsep) if part.strip()]


def list_prefixes() -> list[str]:
    """What addresses of imports must begin with (`STUDIO_IMPORT_URLS`)."""
    return _list_entries(settings.STUDIO_IMPORT_URLS)


def list_image_hosts() -> list[str]:
    """The hosts an `image_url` may name (`STUDIO_IMAGE_HOSTS`)."""
    return _list_entries(settings.STUDIO_IMAGE_HOSTS)


def check_path(text: str) -> Path:
    """A folder or file below an allowed folder, with no link on the way to it.

    Raises:
        InvalidDatasetError: it is elsewhere, not there, or behind a link.
    """
    folders = list_folders()
    path = Path(text.strip())
    root = next((folder for folder in folders if path.is_absolute() and path.is_relative_to(folder)), None)
    if root is None or ".." in path.parts or "\x00" in text:
        hint = "Allowed: " + ", ".join(map(str, folders)) if folders else "The administrator names folders in it."
        raise _refusal(f"{text[:300]!r} is not below a folder of STUDIO_IMPORT_FOLDERS.", hint)
    real = Path(os.path.realpath(root)) / path.relative_to(root)
    if Path(os.path.realpath(real)) != real:
        raise _refusal(f"{path} leads over a link.", "Name the folder itself.")
    if not real.is_dir() and not real.is_file():
        raise _refusal(f"{path} is not on the server.", "Check its spelling, and that Darkroom may read it.")
    return real


def find_source(url: str) -> Source | None:
    """The address if imports may read it, else None."""
    if not is_plain_address(url):
        return None
    for entry in list_prefixes():
        prefix = entry.removesuffix(_PRIVATE)
        if url == prefix or url.startswith(prefix if prefix.endswith("/") else f"{prefix}/"):
            return Source(url, allows_private=entry.endswith(_PRIVATE))
    return None


def check_url(text: str) -> Source:
    """An address an import may read.

    Raises:
        InvalidDatasetError: no allowed address begins like it.
    """
    source = find_source(text.strip())
    if source is None:
        allowed = list_prefixes()
        hint = "Allowed: " + ", ".join(allowed) if allowed else "The administrator names beginnings of addresses in it."
        shown = text.strip()[:300].partition("?")[0]
        raise _refusal(f"{shown!r} begins like nothing in STUDIO_IMPORT_URLS.", hint)
    return source


def find_image_source(url: str) -> Source | None:
    """The address of an image if its host is allowed, else None."""
    if not is_plain_address(url):
        return None
    parts = urlsplit(url)
    if parts.scheme not in _PORTS:
        return None
    for entry in list_image_hosts():
        if _is_host(parts, entry.removesuffix(_PRIVATE)):
            return Source(url, allows_private=entry.endswith(_PRIVATE))
    return None


def is_plain_address(url: str) -> bool:
    """Whether it is one address with a scheme: not a path of this machine, no chain of them, nothing that climbs."""
    if "://" not in url or "::" in url.partition("://")[0] or "\\" in url or _CONTROL.search(url):
        return False
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  raises for one that is no number
    except ValueError:
        return False
    path = PurePosixPath(unquote(unquote(parts.path)))
    is_chain = "::" in url and parts.scheme not in _PORTS  # fsspec would open what stands behind it
    return parts.scheme not in _LOCAL_SCHEMES and ".." not in path.parts and not is_chain


def _is_host(parts: SplitResult, entry: str) -> bool:
    """`photos.example.com`, `photos.example.com:8443`, `*.example.com`; `http://` before it for plain HTTP."""
    scheme, _, rest = entry.rpartition("://")
    wanted = urlsplit(f"//{rest}")
    if parts.scheme != (scheme or "https") or parts.username is not None:
        return False
    if (parts.port or _PORTS[parts.scheme]) != (wanted.port or _PORTS[parts.scheme]):
        return False
    host, known = (parts.hostname or "").rstrip("."), (wanted.hostname or "").rstrip(".")
    return host.endswith(known[1:]) if known.startswith("*.") else host == known


def _list_entries(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _refusal(message: str, hint: str) -> InvalidDatasetError:
    return InvalidDatasetError(message, hint=hint, code="not_allowed")
