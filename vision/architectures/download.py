"""Fetching a weight file: streamed, checked, renamed into place only when whole."""

from __future__ import annotations

import hashlib
import re
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from vision.catalog.weights_lookup import OnProgress

_BLOCK = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


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
        promised = re.search(r"-([0-9a-f]{8,})\.", name)
        _check_digest(name, digest.hexdigest(), promised.group(1) if promised else "")
        return draft.replace(folder / name)
    finally:
        draft.unlink(missing_ok=True)


def download_from_hub(repository: str, file_name: str, folder: Path, name: str, on_progress: OnProgress) -> Path:
    """Fetch one file of a model hub repository (`owner/name` or `owner/name@revision`) into `folder` as `name`.

    The Hub gives large files their SHA-256 as an entity tag, which is checked.

    Raises:
        OSError: unreachable or refused, no such repository or file in it, or not the bytes that were promised.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    repository, _, revision = repository.partition("@")
    folder.mkdir(parents=True, exist_ok=True)
    on_progress(f"Downloading {name}", 0.0)
    promised = get_hf_file_metadata(hf_hub_url(repository, file_name, revision=revision or None)).etag or ""
    with TemporaryDirectory(prefix=".part-", dir=folder) as draft:
        path = Path(
            hf_hub_download(
                repository,
                file_name,
                revision=revision or None,
                local_dir=draft,
                tqdm_class=_make_bar(name, on_progress),
            )
        )
        if _SHA256.fullmatch(promised):
            with path.open("rb") as file:
                _check_digest(name, hashlib.file_digest(file, "sha256").hexdigest(), promised)
        on_progress(f"Downloading {name}", 1.0)
        return path.replace(folder / name)


def find_in_hub_cache(repository: str, file_name: str) -> Path | None:
    """The file in the hub client's own cache, None where it is not."""
    from huggingface_hub import try_to_load_from_cache

    repository, _, revision = repository.partition("@")
    found = try_to_load_from_cache(repository, file_name, revision=revision or None)
    return Path(found) if isinstance(found, str) else None


def _make_bar(name: str, on_progress: OnProgress) -> type[Any]:
    """A progress bar for the hub client that draws nothing and tells `on_progress`."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            options.pop("name", None)  # the client's own, which plain tqdm does not take
            super().__init__(*arguments, **{**options, "disable": True})
            self.done = 0.0

        def update(self, n: float | None = 1) -> bool | None:
            self.done += n or 0.0
            if self.total:
                on_progress(f"Downloading {name}", min(1.0, self.done / self.total))
            return None

    return Bar


def _check_digest(name: str, digest: str, promised: str) -> None:
    if not digest.startswith(promised):
        raise OSError(f"{name} arrived damaged: its SHA-256 starts with {digest[:8]}, not {promised[:8]}")
