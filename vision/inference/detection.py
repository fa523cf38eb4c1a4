"""A packaged network that finds objects: boxes, and polygons where it finds masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from vision.architectures.detection import DetectionLimits, DetectionNetwork, Detections, NetworkOutput
from vision.catalog.architectures import ARCHITECTURES
from vision.inference.finding import Finder, Found
from vision.inference.fitting import Fitting, choose_fitting
from vision.inference.pasting import MaskPart
from vision.inference.polygons import draw_part, trace_part
from vision.inference.predictor import Predictor
from vision.inference.preprocessing import normalize
from vision.inference.tiling import Tiling, choose_tiling
from vision.inference.views import Colour, View, fill_colour, group_views, make_views, stack_views
from vision.spec.settings import BoxSettings, MaskSettings, mask_threshold

_BATCH = 8


@dataclass(frozen=True)
class PreparedImage:
    """The views of one image, and its size in px."""

    views: list[View]
    width: int
    height: int


@dataclass(frozen=True)
class DetectionPredictor(Predictor[PreparedImage]):
    """Answers `{"boxes": [{"box": {"topX", "topY", "bottomX", "bottomY"}, "label", "score"}]}` in 0–1, best first;
    with masks each entry has a `polygon` (a list of outlines, its parts) or, where the settings say `export_as_image`,
    its `mask` in place of it (base64 of an image file as large as the image, white on black)."""

    settings: BoxSettings

    def __post_init__(self) -> None:
        sizes = self.settings
        self.network.limits = DetectionLimits(
            sizes.box_score_thresh, sizes.nms_iou_thresh, sizes.box_detections_per_img, mask_threshold(sizes)
        )

    @property
    def network(self) -> DetectionNetwork:
        return cast(DetectionNetwork, self.built.module)

    @cached_property
    def fitting(self) -> Fitting:
        info = ARCHITECTURES.get(self.card.architecture, self.card.task_type)
        return choose_fitting(info.fitting, self.settings)

    @cached_property
    def tiling(self) -> Tiling | None:
        return choose_tiling(self.settings)

    @property
    def sample_side(self) -> int:
        return self.fitting.side

    def prepare(self, image: Image.Image) -> PreparedImage:
        """The image fitted to the network, and its tiles where the settings ask for them."""
        views = make_views(np.asarray(image), self.fitting, self.tiling)
        return PreparedImage(views, image.width, image.height)

    def predict_prepared(self, prepared: Sequence[PreparedImage]) -> list[dict[str, Any]]:
        found = iter(self._find_in_views([view.pixels for image in prepared for view in image.views]))
        return [
            self._answer(
                self._finder.find([(next(found), view.placement) for view in image.views], image.width, image.height),
                image,
            )
            for image in prepared
        ]

    @torch.inference_mode()
    def forward(self, images: Tensor, sizes: Tensor) -> list[Detections]:
        """What is found in images uint8 [B, H, W, 3], of which `sizes` int64 [B, 2] is the picture."""
        pixels = normalize(images.to(self.device).permute(0, 3, 1, 2), self.card.mean, self.card.std)
        output: NetworkOutput = self.network(pixels, sizes.to(self.device))
        return output.detections

    @cached_property
    def _fill(self) -> Colour:
        return fill_colour(self.fitting, self.card.mean)

    @cached_property
    def _finder(self) -> Finder:
        network, threshold = self.network, mask_threshold(self.settings)
        most = self.settings.box_detections_per_img
        return Finder(network.mask_frame, threshold, most, self.tiling, network.mask_stride)

    def _find_in_views(self, views: Sequence[np.ndarray]) -> list[Detections]:
        if not views:
            return []
        sizes = torch.tensor([view.shape[:2] for view in views])
        found: dict[int, Detections] = {}
        for group in group_views(sizes, self.network.stride, _BATCH):
            stacked, own_sizes = stack_views([views[place] for place in group.places], self.network.stride, self._fill)
            found |= zip(group.places, self.forward(stacked, own_sizes), strict=True)
        return [found[place] for place in range(len(views))]

    def _answer(self, found: Found, image: PreparedImage) -> dict[str, Any]:
        corners = np.clip(found.boxes / np.array([image.width, image.height] * 2), 0, 1)
        entries: list[dict[str, Any]] = [
            {
                "box": dict(zip(("topX", "topY", "bottomX", "bottomY"), box, strict=True)),
                "label": self.card.label_names[label],
                "score": score,
            }
            for box, label, score in zip(corners.tolist(), found.labels.tolist(), found.scores.tolist(), strict=True)
        ]
        if isinstance(self.settings, MaskSettings):
            for entry, mask in zip(entries, found.masks or [], strict=True):
                entry |= self._show_mask(mask, image, self.settings)
        return {"boxes": entries}

    def _show_mask(self, mask: MaskPart, image: PreparedImage, settings: MaskSettings) -> dict[str, Any]:
        if settings.export_as_image:
            return {"mask": draw_part(mask, image.width, image.height, settings.image_type)}
        return {"polygon": trace_part(mask, image.width, image.height, settings.max_number_of_polygon_points)}
