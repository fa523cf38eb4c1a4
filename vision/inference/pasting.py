"""From a network's masks to the pixels of the image, each cut out around its object."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vision.inference.fitting import Placement

_PADDING = 1  # torchvision's paste_masks_in_image: interpolation then fades out at the mask's edge


@dataclass(frozen=True)
class MaskPart:
    """The part of an image's mask that holds the object: uint8 [h, w] (0, 1), its corner at (`left`, `top`) px."""

    pixels: np.ndarray
    left: int
    top: int


def paste_box_mask(mask: Tensor, box: np.ndarray, width: int, height: int, threshold: float) -> MaskPart:
    """A mask of probabilities over its box (float [m, m]; `box` xyxy in px of the image) as pixels of the image.

    The pixels `paste_masks_in_image` of torchvision gives, without the image around them.
    """
    padded = functional.pad(mask, (_PADDING,) * 4)
    scale = padded.shape[-1] / mask.shape[-1]
    left, top, right, bottom = (math.trunc(value) for value in _expand(box, scale))
    wide, high = max(right - left + 1, 1), max(bottom - top + 1, 1)
    grown = functional.interpolate(padded[None, None], size=(high, wide), mode="bilinear", align_corners=False)[0, 0]
    first_x, first_y = max(left, 0), max(top, 0)
    inside = grown[first_y - top : max(height - top, 0), first_x - left : max(width - left, 0)]
    return MaskPart((inside >= threshold).to(torch.uint8).numpy(), first_x, first_y)


def paste_image_mask(
    mask: Tensor, box: np.ndarray, placement: Placement, width: int, height: int, threshold: float
) -> MaskPart:
    """A mask of probabilities over the network's image (float [h, w]) as pixels of the image, within its box.

    `placement` is where the image lies in the mask, `box` is xyxy in px of the image.
    """
    left, top = max(0, math.floor(box[0])), max(0, math.floor(box[1]))
    right, bottom = min(width, math.ceil(box[2])), min(height, math.ceil(box[3]))
    # Pixel x of the part has its centre at left + x + 0.5 of the image; the mask's pixels count from their centres.
    matrix = np.array(
        [
            [placement.scale_x, 0, (left + 0.5) * placement.scale_x + placement.left - 0.5],
            [0, placement.scale_y, (top + 0.5) * placement.scale_y + placement.top - 0.5],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (max(right - left, 1), max(bottom - top, 1))
    values = cv2.warpAffine(mask.numpy(), matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return MaskPart((values >= threshold).astype(np.uint8), left, top)


def _expand(box: np.ndarray, scale: float) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(value) for value in box)
    half_width, half_height = (right - left) / 2 * scale, (bottom - top) / 2 * scale
    x, y = (left + right) / 2, (top + bottom) / 2
    return x - half_width, y - half_height, x + half_width, y + half_height
