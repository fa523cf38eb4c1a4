from __future__ import annotations

import torch
from torch import nn

from vision.explain.fusing import fuse_batch_norm


def make_network() -> nn.Module:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 2))
    network(torch.randn(16, 3, 8, 8))  # running averages that are not those of a new layer
    return network.eval()


def gradient(network: nn.Module, image: torch.Tensor) -> torch.Tensor:
    image = image.clone().requires_grad_()
    return torch.autograd.grad(network(image)[:, 1].sum(), image)[0]


def test_the_copy_has_no_batch_norm_and_the_same_gradients() -> None:
    network, image = make_network(), torch.randn(2, 3, 8, 8)
    fused = fuse_batch_norm(network)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in fused.modules())
    assert any(isinstance(part, nn.BatchNorm2d) for part in network.modules())
    assert all(parameter.requires_grad for parameter in network.parameters())
    torch.testing.assert_close(gradient(fused, image), gradient(network, image), rtol=1e-4, atol=1e-6)


def test_changed_weights_make_a_new_copy() -> None:
    network, image = make_network(), torch.randn(1, 3, 8, 8)
    first = fuse_batch_norm(network)
    assert fuse_batch_norm(network) is first
    with torch.no_grad():
        network[0].weight.mul_(2)
    torch.testing.assert_close(
        gradient(fuse_batch_norm(network), image), gradient(network, image), rtol=1e-4, atol=1e-6
    )


def test_what_cannot_be_traced_is_used_as_it_is() -> None:
    class Branching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.BatchNorm2d(3)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.norm(images) if images.sum() > 0 else images

    network = Branching().eval()
    assert fuse_batch_norm(network) is network
