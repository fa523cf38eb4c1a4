"""A packaged classifier: probabilities, and explanations of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from vision.inference.predictor import Predictor
from vision.inference.preprocessing import normalize, resize_and_crop, to_pixels
from vision.spec.scoring import XaiParameters
from vision.spec.settings import ClassificationSettings

_BATCH = 32


class ClassificationPredictor(Predictor[Tensor]):
    """Answers `{"probs": [...], "labels": [...]}`."""

    settings: ClassificationSettings

    @property
    def sample_side(self) -> int:
        return self.settings.valid_resize_size

    def prepare(self, image: Image.Image) -> Tensor:
        """The pixels the network looks at: uint8 [3, crop, crop]."""
        return to_pixels(self.crop(image))

    def crop(self, image: Image.Image) -> Image.Image:
        """The square the network looks at."""
        size = self.settings
        return resize_and_crop(image, size.valid_resize_size, size.valid_crop_size, self.card.interpolation)

    def predict_prepared(self, prepared: Sequence[Tensor]) -> list[dict[str, Any]]:
        answers: list[dict[str, Any]] = []
        for start in range(0, len(prepared), _BATCH):
            answers += self._decode(self.forward(torch.stack(list(prepared[start : start + _BATCH]))))
        return answers

    @torch.inference_mode()
    def forward(self, pixels: Tensor) -> Tensor:
        """Logits float32 [B, C], on the CPU, of prepared pixels uint8 [B, 3, crop, crop]."""
        images = normalize(pixels.to(self.device), self.card.mean, self.card.std)
        logits: Tensor = self.built.module(images.contiguous(memory_format=torch.channels_last))
        return logits.float().cpu()

    def explain(self, image: Image.Image, xai: XaiParameters) -> dict[str, Any]:
        """The prediction of one RGB image with its explanation.

        To the keys of `predict` come, as asked for, `visualizations` (base64 of a PNG) and `attributions`
        ([3][crop][crop] for the top class), and always `explained_label` and `is_informative` (False: the map is zero
        everywhere and explains nothing).
        """
        from vision.explain import explain, render_grid_base64

        square = self.crop(image)
        pixels = to_pixels(square)
        answer = self.predict_prepared([pixels])[0]
        target = max(range(len(answer["probs"])), key=answer["probs"].__getitem__)
        tensor = normalize(pixels[None].to(self.device), self.card.mean, self.card.std)[0]
        attribution = explain(
            self.built.module,
            tensor,
            target,
            xai.xai_algorithm,
            cam_layer=self.built.cam_layer,
            n_steps=xai.n_steps,
            xrai_fast=xai.xrai_fast,
            approximation_method=xai.approximation_method,
        )
        if xai.visualizations:
            answer["visualizations"] = render_grid_base64(square, attribution)
        if xai.attributions:
            answer["attributions"] = attribution.values.tolist()
        return {
            **answer,
            "explained_label": self.card.label_names[target],
            "is_informative": not attribution.is_zero,
        }

    def _decode(self, logits: Tensor) -> list[dict[str, Any]]:
        labels = list(self.card.label_names)
        return [{"probs": row, "labels": labels} for row in logits.softmax(dim=1).tolist()]
