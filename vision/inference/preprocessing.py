"""How an image becomes the network's input. Validation during training and every prediction go through here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

RESAMPLING = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "nearest": Image.Resampling.NEAREST,
}


def preprocess(
    image: Image.Image, resize: int, crop: int, mean: Sequence[float], std: Sequence[float], interpolation: str
) -> Tensor:
    """An RGB image as the network wants it: float32 [3, crop, crop], RGB in 0–1 less `mean` over `std`."""
    pixels = to_pixels(resize_and_crop(image, resize, crop, interpolation))
    return normalize(pixels[None], mean, std)[0]


def resize_and_crop(image: Image.Image, resize: int, crop: int, interpolation: str) -> Image.Image:
    """Shorter side to `resize` px with antialiasing, then the middle `crop` px square (black beyond the edges)."""
    width, height = image.size
    # The longer side is cut, not rounded, as torchvision's Resize does.
    shorter = min(width, height)
    size = (int(resize * width / shorter), int(resize * height / shorter))
    resized = image if size == image.size else image.resize(size, RESAMPLING[interpolation])
    left = round((size[0] - crop) / 2)
    top = round((size[1] - crop) / 2)
    return resized.crop((left, top, left + crop, top + crop))


def to_pixels(image: Image.Image) -> Tensor:
    """uint8 [3, H, W], a view of pixels stored [H, W, 3] (the order convolutions like best)."""
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)


def normalize(pixels: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """uint8 [B, 3, H, W] to float32 of the same shape, memory order and device: (pixels / 255 - mean) / std."""
    images = pixels.float().div_(255)
    shape = (1, 3, 1, 1)
    means = torch.tensor(mean, device=images.device).view(shape)
    return images.sub_(means).div_(torch.tensor(std, device=images.device).view(shape))
