from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from vision.architectures import Built, build_architecture
from vision.architectures.built import freeze_layers
from vision.architectures.weights import load_pretrained
from vision.errors import InvalidDocumentError, NotFoundError, WeightsUnavailableError
from vision.explain.cam import make_cam

pytestmark = pytest.mark.heavy


def build_shapes(name: str, **options: int) -> Built:
    with torch.device("meta"):
        return build_architecture(name, 3, options)


@pytest.mark.parametrize(
    ("name", "groups", "cam_layer", "heads", "is_transformer"),
    [
        ("convnext_atto", ["stem", "stages.0", "stages.1", "stages.2", "stages.3"], "stages.3", ("head.fc",), False),
        ("mobilenetv3_small_050", ["conv_stem", "bn1", "blocks.0", "blocks.1"], "blocks.5", ("classifier",), False),
        (
            "deit_tiny_distilled_patch16_224",
            ["patch_embed", "blocks.0"],
            "blocks.11.norm1",
            ("head", "head_dist"),
            True,
        ),
        ("swin_tiny_patch4_window7_224", ["patch_embed", "layers.0", "layers.1"], None, ("head.fc",), True),
        ("seresnet50", ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4"], "layer4", ("fc",), False),
    ],
)
def test_layers_are_found_without_a_table(
    name: str, groups: list[str], cam_layer: str | None, heads: tuple[str, ...], is_transformer: bool
) -> None:
    built = build_shapes(f"timm/{name}")
    flat = [part for group in built.freeze_groups for part in group]
    assert flat[: len(groups)] == groups
    assert (built.cam_layer, built.heads, built.is_transformer) == (cam_layer, heads, is_transformer)


def test_freezing_all_groups_leaves_what_follows_the_last_stage() -> None:
    built = build_shapes("timm/convnext_atto")
    freeze_layers(built, len(built.freeze_groups))
    trained = [name for name, weight in built.module.named_parameters() if weight.requires_grad]
    assert trained == ["head.norm.weight", "head.norm.bias", "head.fc.weight", "head.fc.bias"]


def test_the_facts_are_those_of_the_tag() -> None:
    openai = build_shapes("timm/vit_base_patch32_clip_224.openai_ft_in1k")
    assert openai.mean == timm.get_pretrained_cfg("vit_base_patch32_clip_224.openai_ft_in1k").mean
    assert openai.mean != build_shapes("timm/vit_base_patch32_224").mean


@pytest.mark.parametrize("name", ["test_vit", "test_resnet", "test_efficientnet"])
def test_a_small_network_answers_and_shows_its_places(name: str) -> None:
    torch.manual_seed(2)
    built = build_architecture(f"timm/{name}", 3)
    side = 160
    built.module.eval()
    images = torch.randn(1, 3, side, side)
    assert built.module(images).shape == (1, 3)
    assert built.cam_layer is not None
    cam = make_cam(built.module, images, 1, built.cam_layer)
    assert cam.shape[2] == cam.shape[3] > 1


@pytest.mark.parametrize(
    ("name", "close"),
    [
        ("resnet5O", "timm/resnet50"),
        ("convnext_nanoo", "timm/convnext_nano"),
        ("resnet50.a1_in1", "timm/resnet50.a1_in1k"),
    ],
)
def test_an_unknown_network_is_told_its_like(name: str, close: str) -> None:
    with pytest.raises(NotFoundError, match=f"{close}\\b"):
        build_shapes(f"timm/{name.lower()}")


def test_a_network_without_a_classifier_is_refused() -> None:
    with pytest.raises(NotFoundError, match="does not classify"):
        build_shapes("timm/mobilenetv5_300m_enc")


def test_a_network_of_one_size_takes_no_other() -> None:
    assert build_shapes("timm/flexivit_small", training_crop_size=240, validation_crop_size=240)
    with pytest.raises(InvalidDocumentError, match="takes images of 240 px only, not 224") as caught:
        build_shapes("timm/flexivit_small", training_crop_size=240, validation_crop_size=224)
    assert [detail.path for detail in caught.value.details] == ["training_parameters.validation_crop_size"]


def as_first_published(name: str) -> str:
    """What timm's ConvNeXt calls a tensor, as its authors' files do."""
    for ours, theirs in (
        ("stem.", "downsample_layers.0."),
        ("head.norm.", "norm."),
        ("head.fc.", "head."),
        (".conv_dw.", ".dwconv."),
        (".mlp.fc1.", ".pwconv1."),
        (".mlp.fc2.", ".pwconv2."),
    ):
        name = name.replace(ours, theirs)
    if ".downsample." in name:
        _, stage, _, rest = name.split(".", 3)
        return f"downsample_layers.{stage}.{rest}"
    return name.replace(".blocks.", ".")


def test_a_file_of_the_authors_own_names_is_read(tmp_path: Path) -> None:
    torch.manual_seed(1)
    source = timm.create_model("convnext_atto", num_classes=7).state_dict()
    save_file({as_first_published(name): tensor for name, tensor in source.items()}, tmp_path / "w.safetensors")
    built = build_architecture("timm/convnext_atto", 3)
    assert load_pretrained(built, tmp_path / "w.safetensors").is_new_head
    loaded = built.module.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in source.items() if not name.startswith("head.fc"))


def test_another_networks_file_is_refused(tmp_path: Path) -> None:
    save_file(timm.create_model("test_resnet", num_classes=3).state_dict(), tmp_path / "w.safetensors")
    for name in ("timm/test_vit", "timm/test_convnext"):
        with pytest.raises(WeightsUnavailableError, match="does not fit"):
            load_pretrained(build_architecture(name, 3), tmp_path / "w.safetensors")
