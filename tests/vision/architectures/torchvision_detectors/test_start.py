"""What a weight file starts: the whole network, or its backbone."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torchvision.models import resnet18, resnet50
from torchvision.models.detection._utils import overwrite_eps

from tests.vision.architectures.torchvision_detectors.scenes import BUILDERS, KINDS, build, two_images
from vision.architectures.detection import DetectionLimits
from vision.architectures.weights import load_pretrained
from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.weights_lookup import find_weights
from vision.errors import WeightsUnavailableError

pytestmark = pytest.mark.heavy

OTHER_LABELS = 5
_TO_OLD = (
    (r"(blocks\.\d+)\.0\.(weight|bias)$", r"\1.\2"),
    (r"rpn\.head\.conv\.0\.0\.", "rpn.head.conv."),
    (r"mask_head\.(\d)\.0\.", lambda found: f"mask_head.mask_fcn{int(found[1]) + 1}."),
    (r"(_head\.conv)\.(\d)\.0\.", lambda found: f"{found[1]}.{2 * int(found[2])}."),
)


def as_published(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Under the names that torchvision's networks had when the COCO files were made."""
    old = {}
    for name, value in state.items():
        for pattern, replacement in _TO_OLD:
            name = re.sub(pattern, replacement, name)
        old[name] = value
    return old


def disturbed(kind: str, label_count: int, seed: int) -> torch.nn.Module:
    """A network whose frozen normalisations are not the identity."""
    torch.manual_seed(seed)
    network = BUILDERS[kind]("resnet18", label_count, {"proposals": "reduced", "pretrained": "auto"}).module
    for name, buffer in network.named_buffers():
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 2)
        elif ".bn" in name and name.endswith("weight"):
            buffer.uniform_(0.2, 0.4)
    return network


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_with_the_names_of_the_published_ones_starts_all(kind: str, tmp_path: Path) -> None:
    source = disturbed(kind, 3, seed=8)
    old = as_published(source.state_dict())
    assert len(old.keys() - source.state_dict().keys()) >= 10
    torch.save(old, tmp_path / "published.pth")
    built = build(kind, seed=1, pretrained="auto")
    loaded = load_pretrained(built, tmp_path / "published.pth")
    assert loaded.describe() == "starts the whole network"
    overwrite_eps(source, 0.0)  # what torchvision does after loading such a file
    source.limits = built.module.limits = DetectionLimits(per_image=5)
    images, sizes, targets = two_images()
    with torch.inference_mode():
        expected = source.eval()(images, sizes, targets).losses
        losses = built.module.eval()(images, sizes, targets).losses
    for name, value in expected.items():
        assert losses[name].item() == pytest.approx(value.item(), rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_torchvision_reads_such_a_file_the_same_way(kind: str) -> None:
    """Its own renaming, which it does when told of no version, is the reference for ours."""
    source = disturbed(kind, 3, seed=8)
    theirs = build(kind, pretrained="auto").module
    theirs.load_state_dict(as_published(source.state_dict()))
    assert all(torch.equal(value, source.state_dict()[name]) for name, value in theirs.state_dict().items())


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_other_labels_starts_all_but_the_heads(kind: str, tmp_path: Path) -> None:
    source = disturbed(kind, OTHER_LABELS, seed=8).state_dict()
    save_file(source, tmp_path / "other.safetensors")
    built = build(kind, pretrained="auto")
    before = {name: value.clone() for name, value in built.module.state_dict().items()}
    loaded = load_pretrained(built, tmp_path / "other.safetensors")
    assert "begin at random" in loaded.describe()
    assert loaded.is_new_head
    for name, value in built.module.state_dict().items():
        expected = before if name.startswith(built.heads) else source
        assert torch.equal(value, expected[name]), name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{"pretrained": "auto"}, {}])
def test_a_classifiers_file_starts_the_backbone_alone(kind: str, options: dict[str, str], tmp_path: Path) -> None:
    torch.manual_seed(6)
    source = resnet18(weights=None).state_dict()
    torch.save(source, tmp_path / "resnet18-f37072fd.pth")
    built = build(kind, **options)
    before = {name: value.clone() for name, value in built.module.state_dict().items()}
    loaded = load_pretrained(built, tmp_path / "resnet18-f37072fd.pth")
    assert "the backbone alone" in loaded.describe()
    body = "backbone.body."
    for name, value in built.module.state_dict().items():
        expected = source[name.removeprefix(body)] if name.startswith(body) else before[name]
        assert torch.equal(value, expected), name


def test_a_fresh_head_of_retinanet_expects_few_objects() -> None:
    """A probability of 0.01 everywhere, or the many empty places would drown the first steps."""
    bias = build("retinanet").module.head.classification_head.cls_logits.bias
    assert torch.allclose(bias, torch.full_like(bias, -math.log(99)))


@pytest.mark.parametrize(("pretrained", "least", "most"), [("none", 0.5, 2.0), ("auto", 0.0, 0.05)])
def test_heads_of_retinanet_keep_what_random_features_say(pretrained: str, least: float, most: float) -> None:
    """Of a pretrained start they are torchvision's, which say little until they have learnt."""
    head = build("retinanet", pretrained=pretrained).module.head
    features = torch.randn(2, 256, 24, 24, generator=torch.Generator().manual_seed(4))
    for tower in (head.classification_head.conv, head.regression_head.conv):
        assert least < tower(features).square().mean().sqrt() < most


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    torch.save(build("retinanet").module.state_dict(), tmp_path / "detector.pth")
    torch.save(resnet50(weights=None).state_dict(), tmp_path / "backbone.pth")
    for name in ("detector.pth", "backbone.pth"):
        with pytest.raises(WeightsUnavailableError, match="does not fit"):
            load_pretrained(build("fasterrcnn"), tmp_path / name)


def ignore(message: str, fraction: float) -> None: ...


def test_the_backbones_file_is_the_last_resort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    info = ARCHITECTURES.get("maskrcnn_resnet50_fpn")
    with pytest.raises(WeightsUnavailableError) as caught:
        find_weights(info, tmp_path, True, ignore)
    assert "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth" in caught.value.hint
    assert "resnet50-0676ba61.pth" in caught.value.hint
    (tmp_path / "resnet50-0676ba61.pth").touch()
    assert find_weights(info, tmp_path, True, ignore).name == "resnet50-0676ba61.pth"
    (tmp_path / "hub/checkpoints").mkdir(parents=True)
    (tmp_path / "hub/checkpoints/maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth").touch()
    assert find_weights(info, tmp_path, True, ignore).name == "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth"


def test_the_whole_network_goes_before_its_backbone_where_none_is_published(tmp_path: Path) -> None:
    info = ARCHITECTURES.get("fasterrcnn_resnet18_fpn")
    (tmp_path / "resnet18-f37072fd.pth").touch()
    assert find_weights(info, tmp_path, True, ignore).name == "resnet18-f37072fd.pth"
    (tmp_path / "fasterrcnn_resnet18_fpn.safetensors").touch()
    assert find_weights(info, tmp_path, True, ignore).name == "fasterrcnn_resnet18_fpn.safetensors"
