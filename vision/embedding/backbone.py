"""A pretrained network as a describer of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vision.architectures.built import Built, build_architecture
from vision.architectures.weights import load_pretrained
from vision.embedding.request import NETWORK

_CLASSES = 1000  # of ImageNet; the head is not used
_LEAST_MEMORY = 2 << 30


class Backbone:
    """The last feature map of MobileNetV2, averaged over its places."""

    name = NETWORK
    side = 192
    batch = 64

    def __init__(self, built: Built, device: torch.device) -> None:
        self._device = device
        self._features: nn.Module = built.module.get_submodule("features").eval()
        self._features.to(device).to(memory_format=torch.channels_last)
        self._mean = torch.tensor(built.mean, device=device).view(3, 1, 1)
        self._std = torch.tensor(built.std, device=device).view(3, 1, 1)

    @torch.inference_mode()
    def describe(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 [B, 192, 192, 3] → float32 [B, 1280]."""
        images = torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2).float() / 255
        images = ((images - self._mean) / self._std).contiguous(memory_format=torch.channels_last)
        features: Tensor = self._features(images).mean((2, 3))  # [B, 1280]
        return features.float().cpu().numpy()


def load_backbone(weights: Path) -> Backbone:
    """The network with these weights, on a GPU that has room.

    Raises:
        WeightsUnavailableError: the weights are another network's.
    """
    built = build_architecture(NETWORK, _CLASSES)
    load_pretrained(built, weights)
    return Backbone(built, choose_device())


def choose_device() -> torch.device:
    """The GPU with most memory free, if that is at least half of it: a training there must not be disturbed."""
    best, most = torch.device("cpu"), _LEAST_MEMORY
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        free, total = torch.cuda.mem_get_info(index)
        if free >= most and free * 2 >= total:
            best, most = torch.device("cuda", index), free
    return best
