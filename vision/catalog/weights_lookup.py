"""Pretrained weights: where they lie on this machine, else downloaded. Only a download may load torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.error import URLError

from vision.catalog.architectures import ArchitectureInfo
from vision.errors import WeightsUnavailableError
from vision.registry import load_dotted

OnProgress = Callable[[str, float], None]
"""Told what is fetched and how much of it is there, 0..1."""


def find_weights(info: ArchitectureInfo, weights_dir: Path | None, offline: bool, on_progress: OnProgress) -> Path:
    """The file with the pretrained weights of `info`, downloaded now if need be.

    `weights_dir` is looked in first, then torch's own cache, then that of the library the network comes from; a
    download lands in the first of the former two that we may write to.

    Raises:
        WeightsUnavailableError: not here, and offline or the download failed. The hint says the two ways on.
    """
    if path := find_named(info.pretrained.file_names, weights_dir) or _find_cached(info):
        return path
    cause: OSError | None = None
    reason = "and STUDIO_OFFLINE forbids downloading them"
    if not offline:
        try:
            return _download(info, list_weights_folders(weights_dir), on_progress)
        except OSError as error:
            reason, cause = f"and downloading them failed ({error})", error
    if path := find_named(info.pretrained.fallback_names, weights_dir):
        return path
    raise _unavailable(info, weights_dir, reason) from cause


def find_named(patterns: Sequence[str], weights_dir: Path | None) -> Path | None:
    """The first file on this machine whose name fits one of `patterns` (shell patterns, in order)."""
    for folder in list_weights_folders(weights_dir):
        for pattern in patterns:
            for path in sorted(folder.glob(pattern)):
                if path.is_file():
                    return path
    return None


def find_options(
    info: ArchitectureInfo, weights_dir: Path | None, offline: bool, on_progress: OnProgress
) -> dict[str, Any]:
    """What building `info` takes beside the parameters, downloaded now if need be; mostly nothing.

    Raises:
        WeightsUnavailableError: not here, and offline or the download failed.
        NotFoundError: the library knows no such network.
    """
    if not info.find_options:
        return {}
    find = load_dotted(info.find_options)
    return dict(find(*info.arguments, list_weights_folders(weights_dir), offline, on_progress))


def list_weights_folders(weights_dir: Path | None) -> list[Path]:
    """Where files of weights are looked for, in order, each once."""
    return list(dict.fromkeys(folder for folder in (weights_dir, torchs_cache()) if folder))


def torchs_cache() -> Path:
    """Where torch keeps the weights it has fetched, by its own rule (`torch.hub.get_dir`), without loading it."""
    home = os.environ.get("TORCH_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "torch"
    return Path(home).expanduser() / "hub" / "checkpoints"


def choose_download_folder(folders: Sequence[Path]) -> Path:
    """The first of `folders` that we may write to, else the last."""
    return next((folder for folder in folders if _is_writable(folder)), folders[-1])


def _download(info: ArchitectureInfo, folders: Sequence[Path], on_progress: OnProgress) -> Path:
    try:
        return Path(
            load_dotted(info.pretrained.download)(*info.arguments, choose_download_folder(folders), on_progress)
        )
    except Exception as error:
        # Each library has its own family of network errors; the way on is the same for all.
        raise OSError(_say_why(error)) from error


def _say_why(error: Exception) -> str:
    """The first line of what happened, without the words that urllib puts round it."""
    cause = error.reason if isinstance(error, URLError) else None
    text = (cause.strerror if isinstance(cause, OSError) else None) or str(error)
    return next(iter(text.strip().splitlines()), type(error).__name__)


def _find_cached(info: ArchitectureInfo) -> Path | None:
    return load_dotted(info.pretrained.cache)(*info.arguments) if info.pretrained.cache else None


def _is_writable(folder: Path) -> bool:
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return os.access(existing, os.W_OK)


def _unavailable(info: ArchitectureInfo, weights_dir: Path | None, reason: str) -> WeightsUnavailableError:
    place = str(weights_dir) if weights_dir else "the folder named by STUDIO_WEIGHTS_DIR"
    first, *others = (*info.pretrained.file_names, *info.pretrained.fallback_names)
    alike = f" (or a file matching {', '.join(others)})" if others else ""
    return WeightsUnavailableError(
        f"The pretrained weights of {info.title} are not on this machine {reason}.",
        hint=f"Put {first}{alike} into {place}, or set `pretrained: none` to train from scratch.",
    )
