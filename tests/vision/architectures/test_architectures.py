"""The contract of every architecture in the catalog."""

from __future__ import annotations

import pytest
import torch

from vision.architectures import build_architecture
from vision.catalog.architectures import ARCHITECTURES
from vision.errors import NotFoundError

NAMES = ARCHITECTURES.names()


def side(name: str) -> int:
    return ARCHITECTURES.get(name).square_crop or 32


@pytest.mark.parametrize("name", NAMES)
def test_images_become_logits(name: str) -> None:
    built = build_architecture(name, 7)
    built.module.eval()
    with torch.inference_mode():
        logits = built.module(torch.rand(2, 3, side(name), side(name)))
    assert logits.shape == (2, 7)
    assert logits.dtype == torch.float32


@pytest.mark.parametrize("name", NAMES)
def test_facts_name_real_layers(name: str) -> None:
    built = build_architecture(name, 3)
    assert built.module.get_submodule(built.heads[0]).out_features == 3
    built.module.get_submodule(built.cam_layer)
    assert len(built.mean) == len(built.std) == 3
    assert len(built.freeze_groups) == ARCHITECTURES.get(name).max_layers_to_freeze


@pytest.mark.parametrize("name", NAMES)
def test_the_size_told_is_the_size_built(name: str) -> None:
    info = ARCHITECTURES.get(name)
    millions = sum(weight.numel() for weight in build_architecture(name, 5).module.parameters()) / 1e6
    assert millions == pytest.approx(info.parameters_millions, rel=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_builds_the_same_weights(name: str) -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(5)
        states.append(build_architecture(name, 3).module.state_dict())
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_vits_normalisation_is_its_own() -> None:
    assert build_architecture("vits16r224", 3).mean == (0.5, 0.5, 0.5)


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(NotFoundError, match="mobilenetv2"):
        build_architecture("alexnet", 3)
