from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.vision.explain.networks import make_images, train_small
from vision.architectures import build_architecture
from vision.catalog.architectures import ARCHITECTURES
from vision.explain import explain
from vision.explain.cam import make_cam
from vision.explain.guided import make_guided_twin

pytestmark = pytest.mark.heavy

CLASSIFIERS = ("mobilenetv2", "resnet18", "vits16r224")  # one of each kind of activation


def plain_gradient(network, image, target):
    image = image[None].clone().requires_grad_()
    return torch.autograd.grad(network(image)[0, target], image)[0][0]


@pytest.mark.parametrize("activation", [nn.ReLU, nn.ReLU6, nn.GELU])
def test_gradients_really_are_guided(activation):
    image = make_images(1, 99)[0][0]
    network = train_small(activation)
    guided = explain(network, image, 0, "guided_backprop").values
    assert not torch.allclose(guided, plain_gradient(network, image, 0))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_twin_computes_the_same_and_shares_the_weights(name):
    side = ARCHITECTURES.get(name).square_crop or 64
    network = build_architecture(name, 3).module.eval()
    twin = make_guided_twin(network)
    images = torch.randn(1, 3, side, side)
    with torch.inference_mode():
        assert torch.allclose(twin(images), network(images), atol=1e-5)
    shared = zip(twin.parameters(), network.parameters(), strict=True)
    assert all(one.data_ptr() == other.data_ptr() for one, other in shared)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_architecture_names_a_layer_with_places(name):
    side = ARCHITECTURES.get(name).square_crop or 64
    built = build_architecture(name, 3)
    built.module.eval()
    cam = make_cam(built.module, torch.randn(1, 3, side, side), 1, built.cam_layer)
    assert cam.shape[:2] == (1, 1)
    assert cam.shape[2] == cam.shape[3] > 1
    assert (cam >= 0).all()


def test_tokens_without_a_place_are_dropped():
    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patches = nn.Conv2d(3, 4, 8, stride=8)
            self.last = nn.Identity()
            self.head = nn.Linear(4, 2)

        def forward(self, images):
            patches = self.patches(images).flatten(2).transpose(1, 2)  # [B, 8, 4]
            first = patches.mean(dim=1, keepdim=True)
            return self.head(self.last(torch.cat([first, patches], dim=1)).mean(dim=1))

    cam = make_cam(Tokens().eval(), torch.randn(1, 3, 16, 32), 0, "last")
    assert cam.shape == (1, 1, 2, 4)
