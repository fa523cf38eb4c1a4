"""The same numbers as torchvision's own networks give."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import detection as library
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.models.detection.roi_heads import paste_masks_in_image
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

from tests.vision.architectures.torchvision_detectors.scenes import BUILDERS, KINDS, LABELS, build, draw, make_targets
from vision.architectures.detection import Targets

pytestmark = pytest.mark.heavy

HEIGHT, WIDTH = 96, 128
UNCHANGED = {"min_size": HEIGHT, "max_size": 2 * WIDTH, "image_mean": [0.0] * 3, "image_std": [1.0] * 3}
FEW = {
    "rpn_pre_nms_top_n_train": 400,
    "rpn_post_nms_top_n_train": 200,
    "rpn_pre_nms_top_n_test": 200,
    "rpn_post_nms_top_n_test": 100,
    "box_batch_size_per_image": 64,
    "box_detections_per_img": 10,
}


def build_library(kind: str) -> nn.Module:
    """torchvision's network that ours of that kind should equal; its transform leaves our images as they are."""
    norm = {"backbone_name": "resnet18", "weights": None, "norm_layer": nn.BatchNorm2d, "trainable_layers": 5}
    if kind == "retinanet":
        deep = resnet_fpn_backbone(**norm, returned_layers=[2, 3, 4], extra_blocks=LastLevelP6P7(256, 256))
        return library.RetinaNet(deep, LABELS, detections_per_img=10, **UNCHANGED)
    make = {"fasterrcnn": library.FasterRCNN, "maskrcnn": library.MaskRCNN}[kind]
    return make(resnet_fpn_backbone(**norm), LABELS + 1, **UNCHANGED, **FEW)


@pytest.fixture(scope="module", params=KINDS)
def pair(request: pytest.FixtureRequest) -> tuple[str, nn.Module, nn.Module]:
    ours, theirs = build(request.param).module, build_library(request.param)
    theirs.load_state_dict(ours.state_dict())
    ours.limits = type(ours.limits)(score=0.05, nms_iou=0.5, per_image=10)
    return request.param, ours, theirs


def both_ways(kind: str) -> tuple[Tensor, Tensor, Targets, list[Tensor], list[dict[str, Tensor]]]:
    """A wide and a tall image: a padded batch as we take it, a list as torchvision does."""
    side = max(HEIGHT, WIDTH)
    targets = make_targets([[8, 8, 60, 50], [50, 40, 120, 90], [20, 30, 80, 120]], [0, 2, 1], [0, 0, 1], side, side)
    images, _ = draw(targets, 2, side, side)
    images[0, :, HEIGHT:], images[1, :, :, HEIGHT:] = 0, 0
    listed = [images[0, :, :HEIGHT, :].clone(), images[1, :, :, :HEIGHT].clone()]
    first = 0 if kind == "retinanet" else 1
    theirs = [
        {"boxes": part.boxes, "labels": part.labels + first, "masks": part.masks[:, : one.shape[1], : one.shape[2]]}
        for part, one in zip((targets.of(0), targets.of(1)), listed, strict=True)
    ]
    return images, torch.tensor([[HEIGHT, WIDTH], [WIDTH, HEIGHT]]), targets, listed, theirs


@pytest.mark.parametrize("kind", KINDS)
def test_the_tensors_have_torchvisions_names_and_shapes(kind: str) -> None:
    make = getattr(library, f"{kind}_resnet50_fpn")
    with torch.device("meta"):
        theirs = make(weights=None, weights_backbone=None, num_classes=91).state_dict()
        ours = BUILDERS[kind]("resnet50", 91 if kind == "retinanet" else 90, {}).module.state_dict()
    assert {name: value.shape for name, value in ours.items()} == {name: value.shape for name, value in theirs.items()}


def test_losses_are_torchvisions(pair: tuple[str, Any, Any]) -> None:
    kind, ours, theirs = pair
    images, sizes, targets, listed, their_targets = both_ways(kind)
    before = {name: value.clone() for name, value in ours.state_dict().items()}
    torch.manual_seed(4)
    theirs.train().transform.eval()  # or it would draw the size to scale to, and shift all draws after
    expected = theirs(listed, their_targets)
    torch.manual_seed(4)
    losses = ours.train()(images, sizes, targets).losses
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value, rtol=1e-4, atol=1e-5)
    ours.load_state_dict(before)
    theirs.load_state_dict(before)


def test_detections_are_torchvisions(pair: tuple[str, Any, Any]) -> None:
    kind, ours, theirs = pair
    images, sizes, _, listed, _ = both_ways(kind)
    if kind == "retinanet":  # whose classes all begin at a probability of 0.01
        ours.head.classification_head.cls_logits.bias.data.fill_(-2)
        theirs.head.classification_head.cls_logits.bias.data.fill_(-2)
    with torch.inference_mode():
        expected = theirs.eval()(listed)
        found = ours.eval()(images, sizes).detections
    for one, other, image in zip(found, expected, listed, strict=True):
        assert len(one) == 10
        torch.testing.assert_close(one.boxes, other["boxes"], rtol=1e-4, atol=1e-3)
        torch.testing.assert_close(one.scores, other["scores"], rtol=1e-4, atol=1e-5)
        assert torch.equal(one.labels, other["labels"] - (0 if kind == "retinanet" else 1))
        if kind == "maskrcnn":
            assert one.masks.shape == (10, 28, 28)
            pasted = paste_masks_in_image(one.masks[:, None], one.boxes, tuple(image.shape[-2:]))
            torch.testing.assert_close(pasted, other["masks"], rtol=1e-3, atol=1e-4)
        else:
            assert one.masks is None
