"""A packaged classifier: probabilities, and explanations of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from vision.catalog.explainers import EXPLAINERS
from vision.errors import Detail, InvalidDocumentError
from vision.inference.predictor import Predictor
from vision.inference.preprocessing import normalize, resize_and_crop, to_pixels
from vision.spec.scoring import XaiParameters
from vision.spec.settings import ClassificationSettings
from vision.spec.validation import invalid

_BATCH = 32


class ClassificationPredictor(Predictor[Tensor]):
    """Answers `{"probs": [...], "labels": [...]}` with every class; the probabilities sum to 1."""

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
        labels = list(self.card.label_names)
        answers: list[dict[str, Any]] = []
        for start in range(0, len(prepared), _BATCH):
            logits = self.forward(torch.stack(list(prepared[start : start + _BATCH])))
            answers += [{"probs": row, "labels": labels} for row in self.probabilities(logits).tolist()]
        return answers

    @torch.inference_mode()
    def forward(self, pixels: Tensor) -> Tensor:
        """Logits float32 [B, C], on the CPU, of prepared pixels uint8 [B, 3, crop, crop]."""
        images = normalize(pixels.to(self.device), self.card.mean, self.card.std)
        logits: Tensor = self.built.module(images.contiguous(memory_format=torch.channels_last))
        return logits.float().cpu()

    def probabilities(self, logits: Tensor) -> Tensor:
        """Logits [B, C] to probabilities of the same shape."""
        return logits.softmax(dim=1)

    @property
    def explainers(self) -> list[str]:
        """The algorithms this network can be explained with."""
        return [info.name for info in EXPLAINERS if self.built.cam_layer is not None or not info.needs_map]

    def explain(self, image: Image.Image, xai: XaiParameters) -> dict[str, Any]:
        """The prediction of one RGB image with its explanation.

        To the keys of `predict` come, as asked for, `visualizations` (base64 of a PNG) and `attributions`
        ([3][crop][crop] for the top class), and always `explained_label` and `is_informative` (False: the map is zero
        everywhere and explains nothing).

        Raises:
            InvalidDocumentError: the algorithm needs something that this network does not have.
        """
        if xai.xai_algorithm not in self.explainers:
            raise self._refuse(xai.xai_algorithm)
        square = self.crop(image)
        answer = self.predict_prepared([to_pixels(square)])[0]
        targets = self.choose_targets(answer["probs"], xai)
        return answer | self.join([self.explain_target(square, target, xai) for target in targets], xai)

    def choose_targets(self, probabilities: Sequence[float], xai: XaiParameters) -> list[int]:
        """The classes to explain."""
        return [max(range(len(probabilities)), key=probabilities.__getitem__)]

    def join(self, explanations: list[dict[str, Any]], xai: XaiParameters) -> dict[str, Any]:
        """The explanations of the chosen classes as keys of the answer."""
        return explanations[0]

    def explain_target(self, square: Image.Image, target: int, xai: XaiParameters) -> dict[str, Any]:
        """Why the network gives class `target` its logit on a square that `crop` made."""
        from vision.explain import explain, render_grid_base64

        pixels = to_pixels(square)[None].to(self.device)
        attribution = explain(
            self.built.module,
            normalize(pixels, self.card.mean, self.card.std)[0],
            target,
            xai.xai_algorithm,
            cam_layer=self.built.cam_layer,
            n_steps=xai.n_steps,
            xrai_fast=xai.xrai_fast,
            approximation_method=xai.approximation_method,
        )
        answer: dict[str, Any] = {}
        if xai.visualizations:
            answer["visualizations"] = render_grid_base64(square, attribution)
        if xai.attributions:
            answer["attributions"] = attribution.values.tolist()
        return {
            **answer,
            "explained_label": self.card.label_names[target],
            "is_informative": not attribution.is_zero,
        }

    def _refuse(self, name: str) -> InvalidDocumentError:
        possible = ", ".join(self.explainers)
        why = f"{name} needs a layer that still has places; {self.card.architecture} has none. Use {possible}."
        return invalid("The scoring request", [Detail(why, "not_explained", "xai_parameters.xai_algorithm")])


class MultilabelPredictor(ClassificationPredictor):
    """Answers `{"probs": [...], "labels": [...]}` with every label, each probability for itself.

    Which labels to give is left to the client: those of 0.5 and more (SPEC §3.2). Explained is each label of
    `confidence_score_threshold_multilabel` and more, so the keys of an explanation are lists, in the order of `labels`
    and empty where no label is probable enough: `visualizations`, `attributions`, `explained_labels`, `is_informative`.
    """

    def probabilities(self, logits: Tensor) -> Tensor:
        return logits.sigmoid()

    def choose_targets(self, probabilities: Sequence[float], xai: XaiParameters) -> list[int]:
        threshold = xai.confidence_score_threshold_multilabel
        return [index for index, value in enumerate(probabilities) if value >= threshold]

    def join(self, explanations: list[dict[str, Any]], xai: XaiParameters) -> dict[str, Any]:
        keys = {
            "visualizations": "visualizations" if xai.visualizations else "",
            "attributions": "attributions" if xai.attributions else "",
            "explained_label": "explained_labels",
            "is_informative": "is_informative",
        }
        return {name: [entry[key] for entry in explanations] for key, name in keys.items() if name}
