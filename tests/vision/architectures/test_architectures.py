"""The networks with names of their own: keys, facts, and what is refused."""

from __future__ import annotations

import pytest
import timm
import torch
import torchvision

from tests.vision.architectures.networks import build_shapes
from vision.architectures import build_architecture
from vision.architectures.built import freeze_layers
from vision.catalog.architectures import ARCHITECTURES
from vision.errors import InvalidDocumentError, NotFoundError

pytestmark = pytest.mark.heavy

TORCHVISION = {
    "mobilenetv2": "mobilenet_v2",
    **{f"resnet{depth}": f"resnet{depth}" for depth in (18, 34, 50, 101, 152)},
}
TIMM = {
    "resnest50": "resnest50d",
    "resnest101": "resnest101e",
    "seresnext": "seresnext50_32x4d",
    "vits16r224": "vit_small_patch16_224",
    "vitb16r224": "vit_base_patch16_224",
    "vitl16r224": "vit_large_patch16_224",
    "timm/tf_efficientnet_lite0": "tf_efficientnet_lite0",
}


def shapes_of(module: torch.nn.Module) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in module.state_dict().items()}


@pytest.mark.parametrize(("name", "original"), TORCHVISION.items())
def test_tensors_are_named_as_in_torchvisions_files(name: str, original: str) -> None:
    with torch.device("meta"):
        theirs = torchvision.models.get_model(original, weights=None, num_classes=5)
    assert shapes_of(build_shapes(ARCHITECTURES.get(name)).module) == shapes_of(theirs)


@pytest.mark.parametrize(("name", "original"), TIMM.items())
def test_tensors_are_named_as_in_timms_files(name: str, original: str) -> None:
    with torch.device("meta"):
        theirs = timm.create_model(original, num_classes=5)
    built = build_shapes(ARCHITECTURES.get(name))
    assert shapes_of(built.module) == shapes_of(theirs)
    config = theirs.pretrained_cfg
    assert (built.mean, built.std, built.interpolation) == (config["mean"], config["std"], config["interpolation"])


def test_the_published_file_is_the_first_that_is_looked_for() -> None:
    for name, original in TORCHVISION.items():
        url = torchvision.models.get_model_weights(original)["IMAGENET1K_V1"].url
        assert url.endswith(f"/{ARCHITECTURES.get(name).pretrained.file_names[0]}")


@pytest.mark.parametrize(
    ("name", "first", "second", "last"),
    [
        ("mobilenetv2", ["features.0"], ["features.1"], ["features.18"]),
        ("resnet152", ["conv1", "bn1"], ["layer1"], ["layer4"]),
        ("resnest101", ["conv1", "bn1"], ["layer1"], ["layer4"]),
        ("seresnext", ["conv1", "bn1"], ["layer1"], ["layer4"]),
        ("vitl16r224", ["patch_embed"], ["blocks.0"], ["blocks.11"]),
    ],
)
def test_layers_freeze_in_the_documented_order(name: str, first: list[str], second: list[str], last: list[str]) -> None:
    groups = build_shapes(ARCHITECTURES.get(name)).freeze_groups
    assert (groups[0], groups[1], groups[-1]) == (first, second, last)


def test_more_layers_than_there_are_cannot_be_frozen() -> None:
    with pytest.raises(InvalidDocumentError, match="has 5 layers to freeze, not 6"):
        freeze_layers(build_shapes(ARCHITECTURES.get("resnet18")), 6)


def test_vits_normalisation_is_its_own() -> None:
    assert build_shapes(ARCHITECTURES.get("vits16r224")).mean == (0.5, 0.5, 0.5)


def test_what_a_network_was_built_with_is_kept() -> None:
    with torch.device("meta"):
        built = build_architecture("timm/resnet10t", 3, {"training_crop_size": 96, "learning_rate": 0.1})
        assert built.options == {"training_crop_size": 96}
        assert build_architecture("resnet18", 3, {"training_crop_size": 96}).options == {}


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(NotFoundError, match="mobilenetv2"):
        build_architecture("alexnet", 3)
