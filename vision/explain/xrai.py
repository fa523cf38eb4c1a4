"""XRAI: integrated gradients from a black and a white baseline, gathered over image regions that are then ranked.

Gives the regions of the saliency package's own XRAI; faster, since the network sees full batches while the image is
cut into regions beside it, and the ranking never looks at a covered pixel twice.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vision.explain.batching import choose_batch
from vision.explain.fusing import fuse_batch_norm
from vision.explain.ranking import rank_at_once, rank_one_by_one
from vision.explain.segments import find_segments


def xrai(
    module: nn.Module, images: Tensor, target: int, *, n_steps: int = 50, xrai_fast: bool = True, **_: Any
) -> Tensor:
    """Mean attribution of the region each pixel belongs to, the same in each channel: float32 [1, 3, H, W].

    `images`: float32 [1, 3, H, W]. `xrai_fast` ranks the regions once, disregarding how they overlap.

    Source: Kapishnikov et al., XRAI: Better Attributions Through Regions, ICCV 2019, algorithm 1.
    """
    with ThreadPoolExecutor(1, "segments") as pool:
        segments = pool.submit(find_segments, images[0].permute(1, 2, 0).cpu().numpy())
        gradients = _integrate(module, images, target, n_steps)
    pixels = gradients.amax(dim=0).cpu().numpy()  # [H, W]: the strongest channel stands for the pixel
    rank = rank_at_once if xrai_fast else rank_one_by_one
    values = rank(pixels.astype(np.float64), segments.result())
    return torch.from_numpy(values.astype(np.float32)).expand(1, 3, -1, -1).clone()


def _integrate(module: nn.Module, images: Tensor, target: int, steps: int) -> Tensor:
    """Integrated gradients [3, H, W], the mean over the image's own darkest and brightest value as baselines."""
    module = fuse_batch_norm(module)
    baselines = torch.stack([torch.full_like(images[0], float(end)) for end in (images.min(), images.max())])
    alphas = torch.linspace(0, 1, steps, device=images.device).repeat(2).view(-1, 1, 1, 1)
    starts = baselines.repeat_interleave(steps, dim=0)
    total = torch.zeros_like(baselines)
    batch = choose_batch(images.device, 2 * steps)
    for begin in range(0, 2 * steps, batch):
        chosen = slice(begin, begin + batch)
        points = torch.lerp(starts[chosen], images, alphas[chosen])
        gradients = _differentiate(module, points, target)
        owner = torch.arange(begin, min(begin + batch, 2 * steps), device=images.device) // steps
        total.index_add_(0, owner, gradients)
    return (total * (images - baselines) / steps).mean(dim=0)


def _differentiate(module: nn.Module, images: Tensor, target: int) -> Tensor:
    images = images.contiguous(memory_format=torch.channels_last).requires_grad_()
    logits = module(images)
    return torch.autograd.grad(logits[:, target].sum(), images)[0]
