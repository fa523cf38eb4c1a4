"""Islands of float32 in mixed precision.

bfloat16 holds 8 significant bits: at x = 600 a box could only end at every fourth pixel. torchvision makes its anchors
in the type of the feature maps and decodes boxes in the type of the heads' outputs, so both are float32 here; the
convolutions and linear layers themselves stay in mixed precision.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn


def to_float32(value: Any) -> Any:
    """The tensors in lists, tuples and dictionaries, however nested, as float32."""
    if isinstance(value, Tensor):
        return value.float()
    if isinstance(value, dict):
        return {name: to_float32(part) for name, part in value.items()}
    return type(value)(to_float32(part) for part in value)


def hand_out_float32(module: nn.Module) -> None:
    """From now on whatever `module` gives back is float32."""
    module.register_forward_hook(_convert_output)


def _convert_output(module: nn.Module, inputs: Any, output: Any) -> Any:
    return to_float32(output)
