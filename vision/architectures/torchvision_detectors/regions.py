"""Two stages: regions are proposed, then each is classified, measured and, in Mask R-CNN, given a mask."""

from __future__ import annotations

from torch import Tensor
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.image_list import ImageList
from torchvision.ops.poolers import LevelMapper, MultiScaleRoIAlign

from vision.architectures.detection import DetectionNetwork, Detections, NetworkOutput, Targets
from vision.architectures.torchvision_detectors.backbone import run_backbone
from vision.architectures.torchvision_detectors.conversion import just_below, list_sizes, list_targets, to_detections
from vision.architectures.torchvision_detectors.full_precision import hand_out_float32, to_float32
from vision.architectures.torchvision_detectors.sampling import sample_as_in_training

_FIRST_LABEL = 1  # torchvision's 0 is the background


class RegionNetwork(DetectionNetwork):
    """Faster or Mask R-CNN, made of the parts of torchvision's network.

    Masks are probabilities of the predicted label over the box, [n, 28, 28].
    """

    def __init__(self, network: FasterRCNN) -> None:
        super().__init__()
        self.backbone = network.backbone
        self.rpn = network.rpn
        self.roi_heads = network.roi_heads
        hand_out_float32(self.rpn.head)
        hand_out_float32(self.roi_heads.box_predictor)
        _fix_scales(self.roi_heads.box_roi_pool)
        if self.roi_heads.has_mask():
            self.mask_frame = "box"
            hand_out_float32(self.roi_heads.mask_predictor)
            _fix_scales(self.roi_heads.mask_roi_pool)

    def forward(self, images: Tensor, sizes: Tensor, targets: Targets | None = None) -> NetworkOutput:
        pictures = ImageList(images, list_sizes(sizes))
        features = to_float32(run_backbone(self.backbone, images))
        if self.training:
            return NetworkOutput(losses=self._compute_losses(pictures, features, targets))
        detections = self._detect(pictures, features)
        if targets is None:
            return NetworkOutput(detections=detections)
        with sample_as_in_training(images.device, self.rpn, self.roi_heads):
            return NetworkOutput(self._compute_losses(pictures, features, targets), detections)

    def _compute_losses(
        self, pictures: ImageList, features: dict[str, Tensor], targets: Targets | None
    ) -> dict[str, Tensor]:
        if targets is None:
            raise ValueError("Training needs targets.")
        listed = list_targets(targets, len(pictures.image_sizes), _FIRST_LABEL)
        proposals, of_proposals = self.rpn(pictures, features, listed)
        _, of_regions = self.roi_heads(features, proposals, pictures.image_sizes, listed)
        return {**of_proposals, **of_regions}

    def _detect(self, pictures: ImageList, features: dict[str, Tensor]) -> list[Detections]:
        self.roi_heads.score_thresh = just_below(self.limits.score)
        self.roi_heads.nms_thresh = self.limits.nms_iou
        self.roi_heads.detections_per_img = self.limits.per_image
        proposals, _ = self.rpn(pictures, features)
        found, _ = self.roi_heads(features, proposals, pictures.image_sizes)
        return [to_detections(one, _FIRST_LABEL) for one in found]


def _fix_scales(pool: MultiScaleRoIAlign) -> None:
    """Say that the four maps have strides 4 to 32.

    Left to itself the pool guesses it from the first batch, for good, and wrongly where that is mostly filling.
    """
    pool.scales = [1 / 4, 1 / 8, 1 / 16, 1 / 32]
    pool.map_levels = LevelMapper(2, 5, canonical_scale=pool.canonical_scale, canonical_level=pool.canonical_level)
