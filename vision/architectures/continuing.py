"""Starting from the weights of an earlier run, whose classes may have been others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from vision.architectures.built import Built
from vision.architectures.weights import read_tensors
from vision.errors import WeightsUnavailableError


@dataclass(frozen=True)
class RunWeights:
    """The weights that a run left, and what they were trained on."""

    architecture: str
    label_names: tuple[str, ...]
    tensors: Mapping[str, Tensor]


@dataclass(frozen=True)
class Continued:
    """What was taken over. `new_heads`: the layers that depend on the classes begin anew; `earlier` are the classes the
    weights were trained on."""

    new_heads: bool
    earlier: tuple[str, ...]


def read_run_weights(path: Path) -> RunWeights:
    """The safetensors file that a run left.

    Raises:
        WeightsUnavailableError: it is no such file.
    """
    facts = _read_facts(path)
    return RunWeights(facts["architecture"], tuple(json.loads(facts["label_names"])), read_tensors(path))


def load_run_weights(built: Built, run: RunWeights, architecture: str, label_names: Sequence[str]) -> Continued:
    """Load what a run of `architecture` left; heads are kept only for the very same classes.

    Raises:
        WeightsUnavailableError: it is of another architecture, or of another shape of it.
    """
    if run.architecture != architecture:
        raise WeightsUnavailableError(
            f"The run to start from trained {run.architecture}, this one trains {architecture}.",
            hint=f"Set model_name to {run.architecture}, or leave checkpoint_run_id out.",
        )
    earlier = run.label_names
    new_heads = earlier != tuple(label_names)
    given, wanted = run.tensors, built.module.state_dict()
    needed = {name for name in wanted if not (new_heads and _is_head(name, built))}
    wrong = sorted(name for name in needed if name not in given or given[name].shape != wanted[name].shape)
    if wrong:
        raise WeightsUnavailableError(
            f"The weights of the run to start from are of another shape: {', '.join(wrong[:3])}.",
            hint="Start from a run of the same architecture and size (model_size), or leave checkpoint_run_id out.",
        )
    built.module.load_state_dict({name: given[name].to(wanted[name].dtype) for name in needed}, strict=False)
    return Continued(new_heads, earlier)


def _is_head(name: str, built: Built) -> bool:
    return any(name == part or name.startswith(f"{part}.") for part in built.heads)


def _read_facts(path: Path) -> dict[str, str]:
    try:
        with safe_open(path, framework="pt") as file:
            facts: dict[str, str] = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise WeightsUnavailableError(
            f"The weights of the run to start from cannot be read: {error}.", hint="Leave checkpoint_run_id out."
        ) from error
    if not {"architecture", "label_names"} <= facts.keys():
        raise WeightsUnavailableError(
            f"{path.name} does not say what it was trained on.", hint="Name a run that Darkroom has trained."
        )
    return facts
