"""One stage: every anchor is classified, under a loss that the many easy ones do not drown."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torchvision.models.detection import RetinaNet
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.retinanet import RetinaNetHead

from vision.architectures.detection import DetectionNetwork, Detections, NetworkOutput, Targets
from vision.architectures.torchvision_detectors.backbone import run_backbone
from vision.architectures.torchvision_detectors.conversion import just_below, list_sizes, list_targets, to_detections
from vision.architectures.torchvision_detectors.full_precision import hand_out_float32, to_float32

_FIRST_LABEL = 0  # there is no background among the classes
_ANCHORS_WITHOUT_OBJECTS = 100  # what an image without objects counts as, of anchors on objects: so begins detectron2


class FocalNetwork(RetinaNet, DetectionNetwork):  # type: ignore[misc]
    """RetinaNet with labels from 0."""

    backbone: BackboneWithFPN
    head: RetinaNetHead
    anchor_generator: AnchorGenerator
    postprocess_detections: Callable[..., list[dict[str, Tensor]]]

    def __init__(self, backbone: BackboneWithFPN, num_classes: int, is_from_scratch: bool) -> None:
        super().__init__(backbone, num_classes)  # type: ignore[call-arg]
        del self.transform
        if is_from_scratch:
            _keep_variance(self.head)
        hand_out_float32(self.head)

    def forward(self, images: Tensor, sizes: Tensor, targets: Targets | None = None) -> NetworkOutput:
        pictures = ImageList(images, list_sizes(sizes))
        features = list(to_float32(run_backbone(self.backbone, images)).values())
        outputs = self.head(features)
        anchors = self.anchor_generator(pictures, features)
        losses: dict[str, Tensor] = {}
        if targets is not None:
            losses = self.compute_loss(list_targets(targets, len(images), _FIRST_LABEL), outputs, anchors)
        elif self.training:
            raise ValueError("Training needs targets.")
        if self.training:
            return NetworkOutput(losses)
        return NetworkOutput(losses, self._detect(pictures, features, outputs, anchors))

    def compute_loss(
        self, targets: list[dict[str, Tensor]], head_outputs: dict[str, Tensor], anchors: list[Tensor]
    ) -> dict[str, Tensor]:
        """torchvision's, but for images without objects. There it divides the sum over all anchors (some 100,000) by
        one: a single such image outweighs hundreds of others, and Adam's steps stay small long after."""
        losses: dict[str, Tensor] = {}
        for with_objects in (True, False):
            places = [place for place, target in enumerate(targets) if bool(len(target["boxes"])) == with_objects]
            if not places:
                continue
            part = super().compute_loss(
                [targets[place] for place in places],
                {name: output[places] for name, output in head_outputs.items()},
                [anchors[place] for place in places],
            )
            share = len(places) / len(targets) / (1 if with_objects else _ANCHORS_WITHOUT_OBJECTS)
            losses = {name: losses.get(name, 0) + share * loss for name, loss in part.items()}
        return losses

    def _detect(
        self, pictures: ImageList, features: list[Tensor], outputs: dict[str, Tensor], anchors: list[Tensor]
    ) -> list[Detections]:
        self.score_thresh = just_below(self.limits.score)
        self.nms_thresh = self.limits.nms_iou
        self.detections_per_img = self.limits.per_image
        each = self.anchor_generator.num_anchors_per_location()
        counts = [level.shape[-2] * level.shape[-1] * number for level, number in zip(features, each, strict=True)]
        by_level = {name: list(torch.split(value, counts, dim=1)) for name, value in outputs.items()}
        anchors_by_level = [list(torch.split(of_image, counts)) for of_image in anchors]
        found = self.postprocess_detections(by_level, anchors_by_level, pictures.image_sizes)
        return [to_detections(one, _FIRST_LABEL) for one in found]


def _keep_variance(head: RetinaNetHead) -> None:
    """Each of torchvision's four layers leaves a third of what it is given: enough over features that are learnt, too
    little to learn from over random ones. Source: He et al., Delving Deep into Rectifiers, ICCV 2015."""
    for layer in (*head.classification_head.conv.modules(), *head.regression_head.conv.modules()):
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
