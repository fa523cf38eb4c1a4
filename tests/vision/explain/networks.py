"""Small trained networks: untrained ones give class activation maps that are zero everywhere too often."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor, nn

SIDE = 32


class SmallNet(nn.Sequential):
    """Convolutions with the given activation; `1` is the last layer with places."""

    def __init__(self, activation: type[nn.Module]) -> None:
        super().__init__(
            nn.Conv2d(3, 8, 5, stride=2, padding=2),
            activation(),
            nn.Conv2d(8, 8, 3, padding=1),
            activation(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(8, 2),
        )


CAM_LAYER = "3"


def make_images(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Noise with a bright square: red on the left (class 0) or blue on the right (class 1)."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(count, 3, SIDE, SIDE, generator=generator) * 0.2
    labels = torch.arange(count) % 2
    for image, label in zip(images, labels, strict=True):
        left = 4 + 14 * int(label)
        image[2 * int(label), 10:20, left : left + 10] += 2.0
    return images, labels


@cache
def train_small(activation: type[nn.Module]) -> nn.Module:
    """The net after forty steps, in evaluation mode."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = SmallNet(activation)
        optimizer = torch.optim.AdamW(network.parameters(), lr=0.02)
        for step in range(40):
            images, labels = make_images(32, step)
            loss = nn.functional.cross_entropy(network(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    network.zero_grad()
    return network.eval().requires_grad_(False)


def hook_count(network: nn.Module) -> int:
    """Every hook of every part."""
    names = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(part, name)) for part in network.modules() for name in names)
