from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.vision.explain.networks import CAM_LAYER, SIDE, hook_count, make_images, train_small
from vision.catalog.explainers import EXPLAINERS
from vision.errors import NotFoundError
from vision.explain import explain

pytestmark = pytest.mark.heavy

ACTIVATIONS = [nn.ReLU, nn.ReLU6, nn.GELU]


def explain_small(name, activation=nn.ReLU, index=0, **parameters):
    images, labels = make_images(2, 99)
    chosen = {"cam_layer": CAM_LAYER, "n_steps": 8, **parameters}
    return explain(train_small(activation), images[index], int(labels[index]), name, **chosen)


@pytest.mark.parametrize("name", EXPLAINERS.names())
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_algorithm_explains_every_pixel(name, activation):
    attribution = explain_small(name, activation)
    assert attribution.values.shape == (3, SIDE, SIDE)
    assert attribution.values.dtype == torch.float32
    assert attribution.values.isfinite().all()
    assert not attribution.is_zero


@pytest.mark.parametrize("name", EXPLAINERS.names())
def test_the_same_twice(name):
    assert torch.equal(explain_small(name).values, explain_small(name).values)


@pytest.mark.parametrize("name", ["guided_backprop", "guided_gradcam", "integrated_gradients"])
def test_the_square_matters_more_than_its_surroundings(name):
    heat = explain_small(name).to_heat()
    assert heat[10:20, 4:14].mean() > 2 * heat[:, 20:].mean()


@pytest.mark.parametrize("name", EXPLAINERS.names())
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_network_stays_as_it_was(name, activation):
    network = train_small(activation)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    kinds = [type(part) for part in network.modules()]
    network[1].train()
    explain_small(name, activation)
    assert [part.training for part in network] == [False, True, False, False, False, False, False]
    network.eval()
    assert hook_count(network) == 0
    assert [type(part) for part in network.modules()] == kinds
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_hooks_go_when_the_network_fails():
    class Broken(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.features = nn.Conv2d(3, 2, 3)

        def forward(self, images):
            self.features(images)
            raise RuntimeError("out of memory")

    network = Broken().eval()
    with pytest.raises(RuntimeError, match="out of memory"):
        explain(network, torch.zeros(3, 8, 8), 0, "guided_gradcam", cam_layer="features")
    assert hook_count(network) == 0


def test_an_unknown_algorithm_lists_the_known_ones():
    with pytest.raises(NotFoundError) as caught:
        explain_small("lime")
    assert "xrai" in caught.value.hint


def test_a_map_without_influence_is_flagged():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    nn.init.zeros_(network[4].weight)
    image = make_images(1, 0)[0][0]
    for name in EXPLAINERS.names():
        attribution = explain(network, image, 0, name, cam_layer="0", n_steps=4)
        assert attribution.is_zero
        assert attribution.to_heat().max() == 0


def test_integrated_gradients_add_up_to_the_change_of_the_logit():
    images, _ = make_images(1, 99)
    network = train_small(nn.GELU)
    attribution = explain(network, images[0], 0, "integrated_gradients", n_steps=100)
    change = (network(images) - network(torch.zeros_like(images)))[0, 0]
    assert attribution.values.sum().item() == pytest.approx(change.item(), rel=0.02)


@pytest.mark.parametrize("method", ["riemann_middle", "gausslegendre"])
def test_both_approximations_agree(method):
    exact = explain_small("integrated_gradients", nn.GELU, n_steps=100).values
    close = explain_small("integrated_gradients", nn.GELU, n_steps=30, approximation_method=method).values
    assert torch.allclose(exact, close, atol=float(exact.abs().max()) / 20)
