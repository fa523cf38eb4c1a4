"""Runs the named algorithm."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from vision.catalog.explainers import EXPLAINERS
from vision.explain.attribution import Attribution
from vision.registry import load_dotted


def explain(module: nn.Module, image: Tensor, target: int, name: str, **parameters: Any) -> Attribution:
    """Why `module` gives class `target` its logit.

    `module` maps float32 [B, 3, H, W] to logits [B, C] and stays as it was: no hook, gradient or mode is left behind.
    `image` is float32 [3, H, W], normalised, on the module's device. `parameters` are the algorithm's own (SPEC §10);
    those of others are ignored; guided GradCAM needs `cam_layer`, a module name.

    Raises:
        NotFoundError: no such algorithm; the hint lists them.
    """
    info = EXPLAINERS.get(name)
    algorithm = load_dotted(info.function)
    with torch.enable_grad(), _evaluating(module):
        values: Tensor = algorithm(module, image.detach()[None].clone(), target, **parameters)
    return Attribution(values[0].detach().float().cpu().contiguous(), info.scale)


class _evaluating:  # noqa: N801 - used as a verb
    """Evaluation mode, and back to what each part was in."""

    def __init__(self, module: nn.Module) -> None:
        self._training = [part for part in module.modules() if part.training]
        self._module = module

    def __enter__(self) -> None:
        if self._training:
            self._module.eval()

    def __exit__(self, *_: object) -> None:
        for part in self._training:
            part.training = True
