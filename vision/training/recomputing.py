"""Memory for time: the outputs of inner layers are computed again in the backward pass in place of being kept."""

from __future__ import annotations

from typing import Any

from torch import nn

from vision.errors import Detail, InvalidDocumentError


def recompute_activations(module: nn.Module, architecture: str) -> None:
    """Have the network keep only what stands between its blocks while training; the gradients stay the same.

    Source: Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016; the switches of timm and transformers.

    Raises:
        InvalidDocumentError: the network has no such switch.
    """
    for part in module.modules():
        switch: Any = getattr(part, "set_grad_checkpointing", None)
        if switch is not None and _is_switched(switch, enable=True):
            return
        switch = getattr(part, "activation_checkpointing_enable", None)
        # The other way of recomputing loses the gradients of networks whose first layers are frozen
        if switch is not None and _is_switched(switch, activation_checkpointing_kwargs={"use_reentrant": False}):
            return
    message = f"{architecture} cannot compute its inner layers again."
    path = "training_parameters.gradient_checkpointing"
    raise InvalidDocumentError(
        message, hint="Leave gradient_checkpointing out.", details=[Detail(message, code="unsupported", path=path)]
    )


def _is_switched(switch: Any, **arguments: Any) -> bool:
    try:
        switch(**arguments)
    except (AssertionError, ValueError):  # how timm and transformers say that a network has nothing to recompute
        return False
    return True
