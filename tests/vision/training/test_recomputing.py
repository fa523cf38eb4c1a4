from __future__ import annotations

import pytest
import timm
import torch
from torch import nn
from transformers import ViTConfig, ViTForImageClassification

from vision.architectures import build_architecture
from vision.errors import InvalidDocumentError
from vision.training.recomputing import recompute_activations

pytestmark = pytest.mark.heavy


def gradients(module: nn.Module, images: torch.Tensor) -> dict[str, torch.Tensor]:
    module.train()
    module.zero_grad()
    output = module(images)
    (output if isinstance(output, torch.Tensor) else output.logits).square().mean().backward()
    return {name: weight.grad.clone() for name, weight in module.named_parameters() if weight.grad is not None}


def count_kept(module: nn.Module, images: torch.Tensor) -> int:
    """Numbers that a forward pass keeps for the backward pass."""
    kept = []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        module(images)
    return sum(kept)


def make_hub_network() -> nn.Module:
    config = ViTConfig(
        hidden_size=32, num_hidden_layers=4, num_attention_heads=2, intermediate_size=64, image_size=32, patch_size=8
    )
    return ViTForImageClassification(config)


def make_timm_network() -> nn.Module:
    return timm.create_model("vit_tiny_patch16_224", img_size=32, embed_dim=32, depth=4, num_heads=2, num_classes=3)


@pytest.mark.parametrize("make", [make_timm_network, make_hub_network])
@pytest.mark.parametrize("is_frozen", [False, True])
def test_gradients_stay_the_same_and_less_is_kept(make, is_frozen: bool) -> None:
    torch.manual_seed(1)
    module, images = make(), torch.rand(2, 3, 32, 32)
    if is_frozen:
        for weight in list(module.parameters())[:4]:
            weight.requires_grad_(False)
    expected, kept = gradients(module, images), count_kept(module, images)
    recompute_activations(module, "a network")
    found = gradients(module, images)
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-6)
    assert count_kept(module, images) < kept / 2


def test_a_network_without_the_switch_is_refused() -> None:
    with pytest.raises(InvalidDocumentError, match="mobilenetv2 cannot") as caught:
        recompute_activations(build_architecture("mobilenetv2", 2).module, "mobilenetv2")
    assert caught.value.details[0].path == "training_parameters.gradient_checkpointing"
