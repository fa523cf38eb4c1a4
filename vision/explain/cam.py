"""Class activation maps: which places of the last layer that still has places speak for a class."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def make_cam(module: nn.Module, images: Tensor, target: int, layer: str) -> Tensor:
    """Grad-CAM of logit `target` at `layer`: float32 [B, 1, h, w], ≥ 0, at that layer's own resolution.

    `layer` gives a feature map [B, C, h, w], or a transformer's tokens [B, N, C], of which the leading ones without a
    place (class token, registers) are dropped.

    Source: Selvaraju et al., Grad-CAM, ICCV 2017, §3.1.
    """
    with torch.enable_grad(), _keep_output(module.get_submodule(layer)) as kept:
        logits = module(images.detach().requires_grad_())
        features = kept[0]
        gradients = torch.autograd.grad(logits[:, target].sum(), features)[0]
    features = features.detach()
    if features.dim() == 3:
        places = _find_grid(features.shape[1], images.shape[2] / images.shape[3])
        features, gradients = _to_map(features, places), _to_map(gradients, places)
    weights = gradients.mean(dim=(2, 3), keepdim=True)  # [B, C, 1, 1]
    return (weights * features).sum(dim=1, keepdim=True).relu()


@contextmanager
def _keep_output(layer: nn.Module) -> Iterator[list[Tensor]]:
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        kept.append(output)
        # What follows may work in place (torchvision's ReLUs do): it gets a copy.
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        yield kept
    finally:
        handle.remove()


def _to_map(tokens: Tensor, places: tuple[int, int]) -> Tensor:
    rows, columns = places
    kept = tokens[:, -rows * columns :]  # [B, rows * columns, C]
    return kept.transpose(1, 2).reshape(kept.shape[0], -1, rows, columns)


def _find_grid(tokens: int, ratio: float) -> tuple[int, int]:
    """Rows and columns of the patch grid: the largest of the image's shape that the tokens hold."""
    columns = int((tokens / ratio) ** 0.5)
    return max(1, round(columns * ratio)), columns
