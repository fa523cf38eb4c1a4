"""Random views of a training image for classification, and the colour arithmetic that is done a batch at a time.

The crop is cut per image; colour jitter and normalisation are linear in the colours, so both together are one 3x4
matrix per image, applied on the device to the whole batch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from vision.inference.preprocessing import RESAMPLING, resize_and_crop
from vision.registry import Registry
from vision.spec.augmentations import choose_augmentations

_LUMA = np.array([0.299, 0.587, 0.114])
_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_FROM_YIQ = np.linalg.inv(_TO_YIQ)


@dataclass(frozen=True)
class Augmentation:
    """How strongly training images are varied.

    `area` is the range of the cropped share of the image (None: the middle, as in validation), `flip` the chance to
    mirror; the four strengths are as in torchvision's ColorJitter (hue in turns).
    """

    name: str
    area: tuple[float, float] | None
    flip: float
    brightness: float
    contrast: float
    saturation: float
    hue: float
    aspect: tuple[float, float] = (3 / 4, 4 / 3)


AUGMENTATIONS: Registry[Augmentation] = Registry(
    "augmentation",
    [
        Augmentation("standard", (0.5, 1.0), 0.5, 0.3, 0.3, 0.3, 0.02),
        Augmentation("light", (0.8, 1.0), 0.5, 0.1, 0.1, 0.1, 0.0),
        Augmentation("strong", (0.08, 1.0), 0.5, 0.4, 0.4, 0.4, 0.1),
        Augmentation("none", None, 0.0, 0.0, 0.0, 0.0, 0.0),
    ],
)


def choose_augmentation(parameters: Mapping[str, Any]) -> Augmentation:
    """The preset that resolved parameters name, its single changes switched as they say.

    A change that the preset lacks is switched on as strong as in the standard one.
    """
    choice = choose_augmentations(parameters)
    preset, standard = AUGMENTATIONS.get(choice.preset), AUGMENTATIONS.get("standard")
    area = preset.area or standard.area if choice.is_on("crop", in_preset=preset.area is not None) else None
    flip = preset.flip or standard.flip if choice.is_on("flip", in_preset=preset.flip > 0) else 0.0
    colours = preset if preset.brightness else standard
    if not choice.is_on("colour", in_preset=preset.brightness > 0):
        colours = AUGMENTATIONS.get("none")
    return replace(colours, name=choice.preset, area=area, flip=flip)


def crop_and_flip(
    pixels: np.ndarray, crop: int, resize: int, interpolation: str, augmentation: Augmentation, random: Random
) -> np.ndarray:
    """One random view: uint8 [H, W, 3] to uint8 [crop, crop, 3]."""
    image = Image.fromarray(pixels)
    if augmentation.area is None:
        view = np.asarray(resize_and_crop(image, max(resize, crop), crop, interpolation))
    else:
        box = random_box(image.width, image.height, augmentation, random)
        view = np.asarray(image.resize((crop, crop), RESAMPLING[interpolation], box=box))
    return view[:, ::-1] if random.random() < augmentation.flip else view


def random_box(width: int, height: int, augmentation: Augmentation, random: Random) -> tuple[int, int, int, int]:
    """A random crop, xyxy in pixels. Source: torchvision's RandomResizedCrop."""
    low, high = augmentation.area or (1.0, 1.0)
    for _ in range(10):
        area = width * height * random.uniform(low, high)
        aspect = math.exp(random.uniform(math.log(augmentation.aspect[0]), math.log(augmentation.aspect[1])))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            x, y = random.randint(0, width - w), random.randint(0, height - h)
            return x, y, x + w, y + h
    side_w = min(width, max(1, round(height * augmentation.aspect[1])))
    side_h = min(height, max(1, round(width / augmentation.aspect[0])))
    x, y = (width - side_w) // 2, (height - side_h) // 2
    return x, y, x + side_w, y + side_h


def random_colours(view: np.ndarray, augmentation: Augmentation, random: Random) -> np.ndarray:
    """The colour jitter of one view (uint8 [H, W, 3]) as a float32 [3, 4] matrix on colours in 0–1 and a 1.

    Brightness, contrast, saturation and hue come in random order; each is linear, hue as a turn in the YIQ plane.
    """
    matrix, offset = np.eye(3), np.zeros(3)
    mean = view.mean(axis=(0, 1)) / 255 if augmentation.contrast else np.zeros(3)
    for kind in random.sample(("brightness", "contrast", "saturation", "hue"), 4):
        strength = getattr(augmentation, kind)
        if not strength:
            continue
        drawn = random.uniform(-strength, strength)
        step, shift = _colour_step(kind, drawn, matrix @ mean + offset)
        matrix, offset = step @ matrix, step @ offset + shift
    return np.concatenate([matrix, offset[:, None]], axis=1).astype(np.float32)


def _colour_step(kind: str, drawn: float, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    still = np.zeros(3)
    if kind == "brightness":
        return np.eye(3) * (1 + drawn), still
    if kind == "contrast":
        return np.eye(3) * (1 + drawn), np.full(3, -drawn * float(_LUMA @ mean))
    if kind == "saturation":
        return np.eye(3) * (1 + drawn) - drawn * np.tile(_LUMA, (3, 1)), still
    angle = 2 * math.pi * drawn
    turn = np.eye(3)
    turn[1:, 1:] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    return _FROM_YIQ @ turn @ _TO_YIQ, still


def normalise(images: Tensor, mean: Tensor, std: Tensor, colours: Tensor | None = None) -> Tensor:
    """Pixels to network input: uint8 [B, H, W, 3] to float32 [B, 3, H, W], channels last in memory.

    `mean` and `std` are [3]; `colours` [B, 3, 4], if given, is the jitter of each image, cut off at black and white.
    """
    batch, height, width, _ = images.shape
    values = images.to(torch.float32).div_(255)
    if colours is not None:
        flat = values.view(batch, height * width, 3)
        jittered = torch.baddbmm(colours[:, None, :, 3], flat, colours[:, :, :3].transpose(1, 2))  # [B, HW, 3]
        values = jittered.clamp_(0, 1).view(batch, height, width, 3)
    return values.sub_(mean).div_(std).permute(0, 3, 1, 2)
