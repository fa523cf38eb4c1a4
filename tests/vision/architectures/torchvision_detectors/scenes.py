"""Small networks, and pictures of rectangles, for these tests."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.models import resnet18
from torchvision.models.detection import FasterRCNN, MaskRCNN
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool, LastLevelP6P7

from vision.architectures import Built
from vision.architectures.detection import DetectionNetwork, Targets
from vision.architectures.torchvision_detectors.builders import build_faster_rcnn, build_mask_rcnn, build_retinanet
from vision.architectures.torchvision_detectors.focal import FocalNetwork
from vision.architectures.torchvision_detectors.proposals import choose_proposals
from vision.architectures.torchvision_detectors.regions import RegionNetwork

BUILDERS = {"fasterrcnn": build_faster_rcnn, "maskrcnn": build_mask_rcnn, "retinanet": build_retinanet}
KINDS = list(BUILDERS)
LABELS = 3


def build(kind: str, seed: int = 0, **options: str) -> Built:
    """On resnet18, with few proposals."""
    torch.manual_seed(seed)
    return BUILDERS[kind]("resnet18", LABELS, {"proposals": "reduced", **options})


def build_narrow(kind: str, width: int = 64, norm_layer: type[nn.Module] = nn.BatchNorm2d) -> DetectionNetwork:
    """The same with `width` channels in place of 256 in all that stands on the residual network: it takes a third of
    the time or less."""
    torch.manual_seed(0)
    if kind == "retinanet":
        above = LastLevelP6P7(width, width)
        return FocalNetwork(_narrow_backbone((2, 3, 4), width, above, norm_layer), LABELS, True)
    backbone = _narrow_backbone((1, 2, 3, 4), width, LastLevelMaxPool(), norm_layer)
    heads = {
        "box_head": TwoMLPHead(7 * 7 * width, 4 * width),
        "box_predictor": FastRCNNPredictor(4 * width, LABELS + 1),
        **choose_proposals({"proposals": "reduced"}).as_arguments(),
    }
    if kind == "fasterrcnn":
        return RegionNetwork(FasterRCNN(backbone, **heads))
    mask_head, mask_predictor = MaskRCNNHeads(width, [width] * 4, 1), MaskRCNNPredictor(width, width, LABELS + 1)
    return RegionNetwork(MaskRCNN(backbone, **heads, mask_head=mask_head, mask_predictor=mask_predictor))


def _narrow_backbone(
    layers: tuple[int, ...], width: int, above: LastLevelMaxPool | LastLevelP6P7, norm_layer: type[nn.Module]
) -> BackboneWithFPN:
    names = {f"layer{layer}": str(place) for place, layer in enumerate(layers)}
    body = resnet18(norm_layer=norm_layer)
    return BackboneWithFPN(body, names, [32 * 2**layer for layer in layers], width, above)


def make_targets(boxes: list[list[float]], labels: list[int], image: list[int], height: int, width: int) -> Targets:
    """Each object fills its box."""
    masks = torch.zeros(len(boxes), height, width, dtype=torch.uint8)
    for mask, (left, top, right, bottom) in zip(masks, boxes, strict=True):
        mask[int(top) : int(bottom), int(left) : int(right)] = 1
    places = torch.tensor(image, dtype=torch.int64)
    return Targets(
        torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4), torch.tensor(labels, dtype=torch.int64), places, masks
    )


def draw(targets: Targets, count: int, height: int, width: int, seed: int = 1) -> tuple[Tensor, Tensor]:
    """`count` images, faint noise with the targets' rectangles, each label in a channel of its own; and their sizes."""
    images = 0.1 * torch.randn(count, 3, height, width, generator=torch.Generator().manual_seed(seed))
    for box, label, place in zip(targets.boxes.int().tolist(), targets.labels, targets.image, strict=True):
        images[place, label, box[1] : box[3], box[0] : box[2]] += 2
    return images, torch.tensor([[height, width]] * count)


def two_images(side: int = 64) -> tuple[Tensor, Tensor, Targets]:
    """Two objects in the first, one in the second."""
    targets = make_targets([[4, 6, 40, 38], [30, 34, 60, 62], [10, 10, 50, 50]], [0, 2, 1], [0, 0, 1], side, side)
    return *draw(targets, 2, side, side), targets


def no_objects(side: int = 64) -> Targets:
    return make_targets([], [], [], side, side)
