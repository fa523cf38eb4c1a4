"""What every explanation algorithm promises, on every architecture's kind of network."""

from __future__ import annotations

import pytest
import torch

from vision.architectures.built import build_architecture
from vision.catalog.explainers import EXPLAINERS
from vision.explain import explain
from vision.registry import load_dotted

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def built():
    torch.manual_seed(5)
    return build_architecture("resnet18", 4)


@pytest.fixture(params=list(EXPLAINERS), ids=lambda info: info.name)
def info(request):
    return request.param


def run(built, info):
    image = torch.rand(3, 48, 48, generator=torch.Generator().manual_seed(2))
    fast = {"n_steps": 4} if any(parameter.name == "n_steps" for parameter in info.parameters) else {}
    return explain(built.module, image, 1, info.name, cam_layer=built.cam_layer, **fast)


def test_attribution_has_the_images_shape(built, info):
    attribution = run(built, info)
    assert attribution.values.shape == (3, 48, 48)
    assert str(attribution.values.dtype).endswith("float32")
    assert torch.as_tensor(attribution.values).isfinite().all()


def test_the_same_image_gets_the_same_explanation(built, info):
    first, second = torch.as_tensor(run(built, info).values), torch.as_tensor(run(built, info).values)
    assert torch.equal(first, second)


def test_the_network_is_left_as_it_was(built, info):
    built.module.train()
    before = {name: tensor.clone() for name, tensor in built.module.state_dict().items()}
    run(built, info)
    assert built.module.training
    for module in built.module.modules():
        assert not module._forward_hooks, type(module)
        assert not module._forward_pre_hooks, type(module)
        assert not module._backward_hooks, type(module)
    assert all(torch.equal(tensor, before[name]) for name, tensor in built.module.state_dict().items())
    assert all(parameter.grad is None for parameter in built.module.parameters())


def test_entry_is_complete(info):
    assert callable(load_dotted(info.function))
    for parameter in info.parameters:
        assert parameter.help
        if parameter.kind == "choice":
            assert parameter.default in parameter.choices
