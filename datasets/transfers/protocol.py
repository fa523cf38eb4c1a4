"""The words of the tus protocol, 1.0.0: headers read and written. Source: tus.io/protocols/resumable-upload."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from vision.errors import UserError

VERSION = "1.0.0"
EXTENSIONS = ("creation", "creation-with-upload", "termination", "checksum", "expiration")
CONTENT_TYPE = "application/offset+octet-stream"
CHECKSUM_MISMATCH = 460
_MOST_METADATA = 16 * 1024


@dataclass
class TransferError(UserError):
    """A request for a transfer that cannot be granted; `status` is what the protocol says of it."""

    code: str = "invalid_transfer"
    status: int = 400


@dataclass(frozen=True)
class NewFile:
    """A file that is announced: its relative path as the client names it, and its size in bytes."""

    path: str
    size: int
    group: str = ""


def check_version(headers: Mapping[str, str]) -> None:
    """Raises: TransferError: the client speaks another version, or no tus at all."""
    if headers.get("Tus-Resumable") != VERSION:
        raise TransferError(
            f"This address speaks tus {VERSION}.",
            hint=f"Send the header Tus-Resumable: {VERSION}.",
            code="tus_version",
            status=412,
        )


def read_creation(headers: Mapping[str, str]) -> NewFile:
    """What `POST` announces in Upload-Length and Upload-Metadata (`filename`, `relativePath`, `group`).

    Raises:
        TransferError: a header is missing or cannot be read.
    """
    if "Upload-Defer-Length" in headers:
        raise TransferError("The size of a file must be known.", hint="Send Upload-Length: <bytes>.")
    metadata = read_metadata(headers.get("Upload-Metadata", ""))
    path = metadata.get("relativePath", "")
    if path in ("", "null"):  # what some clients send for a file that was not in a folder
        path = metadata.get("filename", "")
    return NewFile(path or "upload", read_number(headers, "Upload-Length"), metadata.get("group", ""))


def read_metadata(text: str) -> dict[str, str]:
    """`filename cGFydHMuemlw,group …` as a mapping.

    Raises:
        TransferError: not base64, not UTF-8, or too long.
    """
    if len(text) > _MOST_METADATA:
        raise TransferError("Upload-Metadata is too long.")
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise TransferError(f"Upload-Metadata: the value of {key[:50]} is not base64 of UTF-8 text.") from None
    return found


def read_number(headers: Mapping[str, str], name: str) -> int:
    """A header that counts bytes.

    Raises:
        TransferError: it is missing or no whole number from 0.
    """
    text = headers.get(name, "")
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise TransferError(f"The header {name} must be a number of bytes, not {text[:30]!r}.")
    return int(text)


def read_checksum(text: str) -> bytes | None:
    """The SHA-256 of a request's body from `Upload-Checksum: sha256 <base64>`; None without that header.

    Raises:
        TransferError: another algorithm, or not base64 of 32 bytes.
    """
    if not text:
        return None
    algorithm, _, value = text.partition(" ")
    if algorithm != "sha256":
        message = f"{algorithm[:30]!r} is no checksum we know."
        raise TransferError(message, hint="Send Upload-Checksum: sha256 <base64>.")
    try:
        digest = base64.b64decode(value, validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != 32:
        raise TransferError("Upload-Checksum is not base64 of 32 bytes.")
    return digest


def checksum_mismatch() -> TransferError:
    return TransferError(
        "The bytes that arrived are not those that were sent.",
        hint="They were thrown away; send them again.",
        code="checksum_mismatch",
        status=CHECKSUM_MISMATCH,
    )


def describe_server(max_size: int) -> dict[str, str]:
    """What `OPTIONS` answers."""
    return {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": ",".join(EXTENSIONS),
        "Tus-Max-Size": str(max_size),
        "Tus-Checksum-Algorithm": "sha256",
    }


def describe_state(offset: int, size: int, expires: datetime | None) -> dict[str, str]:
    """The headers that say how far a file is."""
    headers = {"Tus-Resumable": VERSION, "Upload-Offset": str(offset), "Cache-Control": "no-store"}
    if expires is not None and offset < size:
        headers["Upload-Expires"] = format_datetime(expires, usegmt=True)
    return headers
