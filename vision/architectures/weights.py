"""Pretrained weights: found on this machine, else downloaded; loaded without ever unpickling."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from vision.architectures.built import Built, Start
from vision.architectures.download import OnProgress
from vision.architectures.pickled import load_inert
from vision.catalog.architectures import ArchitectureInfo
from vision.errors import WeightsUnavailableError
from vision.registry import load_dotted


@dataclass(frozen=True)
class Loaded:
    """What a weight file started: the tensors whose names begin with `part` (all of them: ""), the heads or not.
    `told` says it where it is neither the whole network nor its backbone."""

    part: str
    is_new_head: bool
    told: str = ""

    def describe(self) -> str:
        """The end of a sentence that begins with the file's name."""
        if self.part:
            return "starts the backbone alone; everything after it begins at random"
        heads = "; the layers that depend on the classes begin at random" if self.is_new_head else ""
        return f"{self.told or 'starts the whole network'}{heads}"


def find_weights(info: ArchitectureInfo, weights_dir: Path | None, offline: bool, on_progress: OnProgress) -> Path:
    """The file with the pretrained weights of `info`, downloaded now if need be.

    `weights_dir` is looked in first, then torch's own cache, then that of the library the network comes from; a
    download lands in the first of the former two that we may write to.

    Raises:
        WeightsUnavailableError: not here, and offline or the download failed. The hint says the two ways on.
    """
    folders = list_weights_folders(weights_dir)
    if path := _match(info.pretrained.file_names, folders) or _find_cached(info):
        return path
    cause: OSError | None = None
    reason = "and STUDIO_OFFLINE forbids downloading them"
    if not offline:
        try:
            return _download(info, folders, on_progress)
        except OSError as error:
            reason, cause = f"and downloading them failed ({error})", error
    if path := _match(info.pretrained.fallback_names, folders):
        return path
    raise _unavailable(info, weights_dir, reason) from cause


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
    """Where files of weights are looked for, in order."""
    return [folder for folder in (weights_dir, Path(torch.hub.get_dir()) / "checkpoints") if folder]


def choose_download_folder(folders: Sequence[Path]) -> Path:
    """The first of `folders` that we may write to, else the last."""
    return next((folder for folder in folders if _is_writable(folder)), folders[-1])


def load_pretrained(built: Built, path: Path) -> Loaded:
    """Load the tensors of `path` into `built.module`.

    The heads (`built.heads`) stay as initialised when the file has none or was trained on another number of classes.

    Raises:
        WeightsUnavailableError: not a tensor file, or not this architecture's.
    """
    tensors = read_tensors(path)
    start = built.read_start(tensors) if built.read_start else Start(tensors)
    given, wanted = start.tensors, built.module.state_dict()
    head = {name for name in wanted if any(name == part or name.startswith(f"{part}.") for part in built.heads)}
    is_new_head = any(name not in given or given[name].shape != wanted[name].shape for name in head)
    started = {name for name in wanted if name.startswith(start.part) and not name.startswith(start.lacking)}
    needed = started - head if is_new_head else started
    wrong = [name for name in sorted(needed) if name not in given or given[name].shape != wanted[name].shape]
    if wrong:
        raise WeightsUnavailableError(
            f"{path.name} does not fit this architecture: {len(wrong)} of {len(needed)} tensors are missing or "
            f"of another shape ({', '.join(wrong[:3])}).",
            hint="Use a file made for it, with the library's own key names, or set `pretrained: none`.",
        )
    built.module.load_state_dict({name: given[name].to(wanted[name].dtype) for name in needed}, strict=False)
    return Loaded(start.part, is_new_head, start.told)


def read_tensors(path: Path) -> Mapping[str, Tensor]:
    """The tensors of a safetensors or weights-only file by name, on the CPU.

    Raises:
        WeightsUnavailableError: anything else, a pickled object above all.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content = load_inert(path) if path.suffix == ".pt" else torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError, SafetensorError) as error:
        raise WeightsUnavailableError(
            f"{path.name} cannot be read as a file of tensors.",
            hint="Darkroom loads safetensors and weights-only PyTorch files; pickled objects are refused unread.",
        ) from error
    return _unwrap(content, path)


def _unwrap(content: object, path: Path) -> Mapping[str, Tensor]:
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        raise WeightsUnavailableError(f"{path.name} holds no named tensors.", hint="Save a state_dict.")
    return {str(name).removeprefix("module."): value for name, value in content.items() if isinstance(value, Tensor)}


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


def _match(patterns: Sequence[str], folders: Sequence[Path]) -> Path | None:
    for folder in folders:
        for pattern in patterns:
            for path in sorted(folder.glob(pattern)):
                if path.is_file():
                    return path
    return None


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
