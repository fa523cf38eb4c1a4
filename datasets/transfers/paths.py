"""What a file that arrives may be called."""

from __future__ import annotations

from pathlib import PurePosixPath

from datasets.transfers.protocol import TransferError
from vision.data.limits import DEFAULT_LIMITS


def check_path(text: str) -> str:
    """A client's relative path with `/` between folders.

    Raises:
        TransferError: absolute, leading outside, too long, or not plain text.
    """
    text = text.replace("\\", "/")
    path = PurePosixPath(text)
    wrong = _find_fault(text, path)
    if wrong:
        raise TransferError(
            f"The path {text[:200]!r} {wrong}.", hint="Send a plain relative path.", code="invalid_path"
        )
    return path.as_posix()


def _find_fault(text: str, path: PurePosixPath) -> str:
    if not path.parts or path.is_absolute() or ":" in path.parts[0]:
        return "is not relative"
    if ".." in path.parts:
        return "leads out of its folder by '..'"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        return "holds control characters"
    try:
        length = len(text.encode())
    except UnicodeEncodeError:
        return "is not valid text"
    too_long = length > DEFAULT_LIMITS.max_path_bytes or any(len(part.encode()) > 255 for part in path.parts)
    return "is too long or too deep" if too_long or len(path.parts) > DEFAULT_LIMITS.max_path_depth else ""
