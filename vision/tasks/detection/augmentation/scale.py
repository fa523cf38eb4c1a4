"""Training at changing sizes, a batch at a time. Source: SPEC §4.4, `multi_scale`; ultralytics' trainer."""

from __future__ import annotations

from random import Random

import torch
from torch import Tensor
from torch.nn import functional

from vision.architectures.detection import Targets


def draw_scale(random: Random, image_size: int, stride: int = 32) -> int:
    """A side within ± 50 % of `image_size`, a multiple of `stride`; all of them as likely."""
    least, most = -(-image_size // (2 * stride)), (3 * image_size) // (2 * stride)
    return random.randint(max(1, least), max(1, most)) * stride


def rescale_batch(images: Tensor, targets: Targets, size: int) -> tuple[Tensor, Targets]:
    """The batch, float [B, 3, H, W], at `size` × `size` px, with its boxes and masks."""
    height, width = images.shape[-2:]
    if (height, width) == (size, size):
        return images, targets
    scaled = functional.interpolate(images, size=(size, size), mode="bilinear", align_corners=False, antialias=False)
    factors = images.new_tensor([size / width, size / height] * 2, dtype=torch.float32)
    masks = targets.masks
    if masks is not None:
        masks = functional.interpolate(masks[None], size=(size, size), mode="nearest-exact")[0]
    return scaled, targets._replace(boxes=targets.boxes * factors, masks=masks)
