"""The tensors of a file that holds a whole pickled network, without running anything that the file names.

torch's weights-only loader rebuilds tensors, plain containers and numbers. Every class and function that the file names
besides is replaced by `_Inert`, which keeps the state it is given and does nothing; from these the names and tensors of
the network are put together as its `state_dict()` would.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


class _Inert:
    """Stands for an object of whatever class: is made of any arguments, and keeps its state unused."""

    state: Any = None

    def __new__(cls, *arguments: Any, **options: Any) -> _Inert:
        return object.__new__(cls)

    def __setstate__(self, state: Any) -> None:
        self.state = state


def load_inert(path: Path) -> object:
    """The content of a PyTorch file. A network in it, alone or as `ema` or `model` beside others: its tensors by name.

    Raises:
        pickle.UnpicklingError, RuntimeError, EOFError: it is no such file, or names what even inert has no place here.
    """
    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except ValueError:  # not in the format with a directory: then nothing but tensors is taken
        names = []
    with torch.serialization.safe_globals([(_Inert, name) for name in names]):
        content = torch.load(path, map_location="cpu", weights_only=True)
    networks = [content.get("ema"), content.get("model")] if isinstance(content, Mapping) else [content]
    found = next((network for network in networks if isinstance(network, _Inert)), None)
    return content if found is None else dict(_list_tensors(found, ""))


def _list_tensors(module: object, prefix: str) -> Iterator[tuple[str, Tensor]]:
    state = getattr(module, "state", None)
    if not isinstance(state, Mapping):
        return
    hidden = state.get("_non_persistent_buffers_set") or ()
    for table in ("_parameters", "_buffers"):
        for name, tensor in (state.get(table) or {}).items():
            if isinstance(tensor, Tensor) and not (table == "_buffers" and name in hidden):
                yield f"{prefix}{name}", tensor.detach()
    for name, child in (state.get("_modules") or {}).items():
        yield from _list_tensors(child, f"{prefix}{name}.")
