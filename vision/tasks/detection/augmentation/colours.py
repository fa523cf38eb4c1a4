"""Random colours of one image, uint8 [H, W, 3] RGB to the same."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np

from vision.tasks.detection.augmentation.presets import ObjectAugmentation
from vision.training.inputs.augmentation import Augmentation, random_colours

_HUES = 180  # of OpenCV, in half degrees


def jitter_colours(pixels: np.ndarray, augmentation: ObjectAugmentation, random: Random) -> np.ndarray:
    """Brightness, contrast, saturation and hue in random order, as for classification."""
    strengths = (augmentation.brightness, augmentation.contrast, augmentation.saturation, augmentation.hue)
    if not any(strengths):
        return pixels
    colours = random_colours(pixels, Augmentation(augmentation.name, None, 0.0, *strengths), random)
    colours[:, 3] *= 255
    return np.asarray(cv2.transform(pixels, colours), dtype=np.uint8)


def vary_hsv(pixels: np.ndarray, strengths: tuple[float, float, float], random: Random) -> np.ndarray:
    """Hue, saturation and value times 1 ± their strengths. Source: ultralytics' RandomHSV."""
    if not any(strengths):
        return pixels
    hue, saturation, value = (1 + random.uniform(-strength, strength) for strength in strengths)
    steps = np.arange(256, dtype=np.float64)
    table = np.stack([steps * hue % _HUES, np.clip(steps * saturation, 0, 255), np.clip(steps * value, 0, 255)], axis=1)
    hsv = cv2.LUT(cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV), table.astype(np.uint8)[None])
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), dtype=np.uint8)
