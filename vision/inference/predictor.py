"""A packaged model, loaded: images in, the elements of a scoring response out (SPEC §3.2, §3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from vision.architectures import Built, build_architecture
from vision.data.images import open_image
from vision.errors import Detail, InvalidDocumentError, InvalidImageError
from vision.inference.card import ARTIFACTS, WEIGHTS, ModelCard, read_card, read_settings
from vision.inference.preprocessing import normalize, resize_and_crop, to_pixels
from vision.spec.scoring import ScoringItem, XaiParameters
from vision.spec.settings import InferenceSettings

_BATCH = 32


@dataclass(frozen=True)
class Predictor:
    """A model ready to predict on one device."""

    built: Built
    card: ModelCard
    settings: InferenceSettings
    device: torch.device

    @classmethod
    def load(cls, folder: Path, device: str = "auto") -> Predictor:
        """Load the MLflow model in `folder`. `device`: `cpu`, `cuda`, `cuda:1`, …, or `auto` (a GPU if there is one).

        Raises:
            InvalidDocumentError: not a model that Darkroom packaged, or its settings are out of range.
            NotFoundError: an architecture this version does not know.
        """
        card = read_card(folder)
        settings = read_settings(folder, card.architecture)
        built = build_architecture(card.architecture, len(card.label_names), card.options)
        _load_weights(built, folder / ARTIFACTS / WEIGHTS)
        place = choose_device(device)
        # Channels last is the order convolutions are fastest in, on CPUs and GPUs alike.
        built.module.eval().requires_grad_(False).to(place, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return cls(built, card, settings, place)

    def prepare(self, image: Image.Image) -> Tensor:
        """The pixels the network looks at: uint8 [3, crop, crop]."""
        return to_pixels(self.crop(image))

    def crop(self, image: Image.Image) -> Image.Image:
        """The square the network looks at."""
        size = self.settings
        return resize_and_crop(image, size.valid_resize_size, size.valid_crop_size, self.card.interpolation)

    def predict(self, images: Sequence[Image.Image]) -> list[dict[str, Any]]:
        """`{"probs": [...], "labels": [...]}` for each RGB image, in order."""
        return self.predict_prepared([self.prepare(image) for image in images])

    def predict_prepared(self, pixels: Sequence[Tensor]) -> list[dict[str, Any]]:
        """`predict` for what `prepare` made."""
        answers: list[dict[str, Any]] = []
        for start in range(0, len(pixels), _BATCH):
            answers += self._decode(self.forward(torch.stack(list(pixels[start : start + _BATCH]))))
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

    def open_items(self, items: Sequence[ScoringItem]) -> list[Image.Image]:
        """The images of a scoring request, RGB and upright.

        Raises:
            InvalidImageError: with one detail for each item that is not an image we open.
        """
        images: list[Image.Image] = []
        problems: list[Detail] = []
        for index, item in enumerate(items):
            try:
                images.append(open_image(item.image))
            except InvalidImageError as error:
                last = error
                problems.append(Detail(error.message, error.code, path=f"input_data.data[{index}]"))
        if problems:
            more = f" {len(problems)} images cannot be opened." if len(problems) > 1 else ""
            raise InvalidImageError(f"{problems[0].path}: {last.message}{more}", hint=last.hint, details=problems)
        return images

    def score(self, items: Sequence[ScoringItem]) -> list[dict[str, Any]]:
        """The answer to a scoring request, in order; only the items that ask for it are explained.

        Raises:
            InvalidImageError: with one detail for each item that is not an image we open.
        """
        images = self.open_items(items)
        plain = [image for item, image in zip(items, images, strict=True) if item.xai is None]
        predicted = iter(self.predict(plain))
        return [
            next(predicted) if item.xai is None else self.explain(image, item.xai)
            for item, image in zip(items, images, strict=True)
        ]

    def _decode(self, logits: Tensor) -> list[dict[str, Any]]:
        labels = list(self.card.label_names)
        return [{"probs": row, "labels": labels} for row in logits.softmax(dim=1).tolist()]


def choose_device(wanted: str) -> torch.device:
    """The device of that name; `auto` is a GPU where there is one.

    Raises:
        InvalidDocumentError: no such device on this machine.
    """
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(wanted)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InvalidDocumentError(
            f"There is no device {wanted!r} on this machine: {reason}", hint="Use auto, cpu, or cuda where a GPU is."
        ) from error
    return device


def _load_weights(built: Built, path: Path) -> None:
    try:
        built.module.load_state_dict(load_file(path))
    except (OSError, RuntimeError) as error:
        raise InvalidDocumentError(
            f"{path.name} of the model does not fit its architecture: {str(error).splitlines()[0]}.",
            hint="The folder must be an MLflow model that Darkroom packaged.",
        ) from error
