"""Files of pretrained weights, loaded without ever unpickling."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from vision.architectures.built import Built, Start
from vision.architectures.pickled import load_inert
from vision.errors import WeightsUnavailableError


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
