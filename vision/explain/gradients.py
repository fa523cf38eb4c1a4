"""Integrated gradients, by captum."""

from __future__ import annotations

from typing import Any

from captum.attr import IntegratedGradients
from torch import Tensor, nn

from vision.explain.batching import choose_batch


def integrated_gradients(
    module: nn.Module,
    images: Tensor,
    target: int,
    *,
    n_steps: int = 50,
    approximation_method: str = "riemann_middle",
    **_: Any,
) -> Tensor:
    """Attribution float32 [1, 3, H, W] of logit `target`, from the mean colour (zeros) to images float32 [1, 3, H, W].

    Source: Sundararajan et al., Axiomatic Attribution for Deep Networks, ICML 2017.
    """
    values: Tensor = IntegratedGradients(module).attribute(
        images,
        target=target,
        n_steps=n_steps,
        method=approximation_method,
        internal_batch_size=choose_batch(images.device, n_steps),
    )
    return values.float()
