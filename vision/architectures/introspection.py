"""What is read off a network that no table of ours describes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from vision.errors import Detail, InvalidDocumentError

CROPS = ("training_crop_size", "validation_crop_size")


def find_heads(module: nn.Module, other: nn.Module) -> tuple[str, ...]:
    """The modules whose weights depend on the label count: those that differ in `other`, the same network for another
    count (on the meta device, where it costs nothing)."""
    shapes = {name: tensor.shape for name, tensor in other.state_dict().items()}
    differing = [name for name, tensor in module.state_dict().items() if tensor.shape != shapes[name]]
    return tuple(dict.fromkeys(name.rpartition(".")[0] for name in differing))


def find_cover(module: nn.Module, parameters: Collection[str]) -> list[str]:
    """The fewest modules that hold these parameters (by name) and no others; one at the top level is in no module."""
    wanted = set(parameters)
    chosen: list[str] = []
    for name, part in module.named_modules():
        own = {f"{name}.{inner}" for inner, _ in part.named_parameters()}
        if name and own and own <= wanted and not any(name.startswith(f"{outer}.") for outer in chosen):
            chosen.append(name)
    return chosen


def choose_cam_layer(twin: nn.Module, candidates: Iterable[str], side: int) -> str | None:
    """The first of the candidate modules whose output a class activation map can be made of, None where none is.

    `twin` is the network on the meta device: an image of `side` px is passed through it without a number computed.
    """
    modules = dict(twin.eval().named_modules())
    outputs: dict[str, object] = {}
    handles = [
        modules[name].register_forward_hook(lambda _module, _inputs, output, name=name: outputs.update({name: output}))
        for name in dict.fromkeys(candidates)
        if name in modules
    ]
    try:
        with torch.no_grad():
            twin(torch.empty(1, 3, side, side, device="meta"))
    except (RuntimeError, NotImplementedError):  # an operation that needs numbers: what came before it is known
        pass
    finally:
        for handle in handles:
            handle.remove()
    return next((name for name in candidates if _has_places(outputs.get(name))), None)


def _has_places(output: object) -> bool:
    """Whether it is a feature map [B, C, h, w], or tokens [B, N, C] of more than one place."""
    if not isinstance(output, Tensor) or len(output) != 1:
        return False
    if output.dim() == 3:
        return output.shape[1] >= 4
    # A map with the channels last has equal sides too, but in front.
    return output.dim() == 4 and output.shape[2] == output.shape[3] > 1 and output.shape[1] != output.shape[2]


def check_crops(network: str, side: int, options: Mapping[str, Any]) -> None:
    """Whether the crops asked for are of the one side, in px, that the network takes.

    Raises:
        InvalidDocumentError: they are not.
    """
    wrong = [name for name in CROPS if options.get(name, side) != side]
    if wrong:
        raise InvalidDocumentError(
            f"{network} takes images of {side} px only, not {options[wrong[0]]}.",
            hint=f"Set training_crop_size and validation_crop_size to {side}.",
            details=[Detail(f"Must be {side}.", path=f"training_parameters.{name}") for name in wrong],
        )
