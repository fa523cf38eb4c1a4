"""Fetching a weight file: streamed, checked, renamed into place only when whole."""

from __future__ import annotations

import hashlib
import re
import shutil
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

OnProgress = Callable[[str, float], None]
_BLOCK = 1 << 20


def download_file(url: str, folder: Path, on_progress: OnProgress) -> Path:
    """Fetch `url` into `folder` under its own name.

    A name like `resnet18-f37072fd.pth` carries the start of its SHA-256, which is checked.

    Raises:
        OSError: unreachable, broken off, or not the bytes the name promises.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = Path(urlsplit(url).path).name
    draft = folder / f"{name}.part"
    digest = hashlib.sha256()
    try:
        # The address comes from the library's own table of weights, never from a user.
        with urllib.request.urlopen(url, timeout=30) as answer, draft.open("wb") as file:  # noqa: S310
            total = int(answer.headers.get("Content-Length") or 0)
            done = 0
            while block := answer.read(_BLOCK):
                file.write(block)
                digest.update(block)
                done += len(block)
                on_progress(f"Downloading {name}", done / total if total else 0.0)
        _check_digest(name, digest.hexdigest())
        return draft.replace(folder / name)
    finally:
        draft.unlink(missing_ok=True)


def download_from_hub(repository: str, file_name: str, folder: Path, name: str, on_progress: OnProgress) -> Path:
    """Fetch one file of a model hub repository into `folder` as `name`.

    Raises:
        OSError: unreachable or refused.
    """
    from huggingface_hub import hf_hub_download

    on_progress(f"Downloading {name}", 0.0)
    folder.mkdir(parents=True, exist_ok=True)
    source = Path(hf_hub_download(repository, file_name))
    draft = folder / f"{name}.part"
    try:
        shutil.copyfile(source, draft)
        on_progress(f"Downloading {name}", 1.0)
        return draft.replace(folder / name)
    finally:
        draft.unlink(missing_ok=True)


def _check_digest(name: str, digest: str) -> None:
    promised = re.search(r"-([0-9a-f]{8,})\.", name)
    if promised and not digest.startswith(promised.group(1)):
        raise OSError(f"{name} arrived damaged: its SHA-256 starts with {digest[:8]}, not {promised.group(1)}")
