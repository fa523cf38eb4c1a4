"""A packaged model, loaded: images in, the elements of a scoring response out (SPEC §3.2, §3.3)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from PIL import Image
from safetensors.torch import load_file

from vision.architectures import Built, build_architecture
from vision.architectures.undrawn import undrawn
from vision.catalog.explainers import EXPLAINED_TASK_TYPES
from vision.catalog.task_types import TaskType
from vision.data.images import open_image
from vision.errors import Detail, InvalidDocumentError, InvalidImageError
from vision.inference.card import ARTIFACTS, WEIGHTS, ModelCard, read_card, read_settings
from vision.registry import load_dotted
from vision.spec.scoring import ScoringItem, XaiParameters
from vision.spec.settings import InferenceSettings
from vision.spec.validation import invalid

# The predictor of each task type.
PREDICTORS = {
    TaskType.CLASSIFICATION: "vision.inference.classification:ClassificationPredictor",
    TaskType.MULTILABEL: "vision.inference.classification:MultilabelPredictor",
    TaskType.DETECTION: "vision.inference.detection:DetectionPredictor",
    TaskType.SEGMENTATION: "vision.inference.detection:DetectionPredictor",
}

Prepared = TypeVar("Prepared")


@dataclass(frozen=True)
class Predictor(ABC, Generic[Prepared]):
    """A model ready to predict on one device."""

    built: Built
    card: ModelCard
    settings: InferenceSettings
    device: torch.device

    @staticmethod
    def load(folder: Path, device: str = "auto") -> Predictor[Any]:
        """Load the MLflow model in `folder`. `device`: `cpu`, `cuda`, `cuda:1`, …, or `auto` (a GPU if there is one).

        Raises:
            InvalidDocumentError: not a model that Darkroom packaged, or its settings are out of range.
            NotFoundError: an architecture this version does not know.
        """
        card = read_card(folder)
        settings = read_settings(folder, card)
        with undrawn():
            built = build_architecture(card.architecture, len(card.label_names), card.options, card.task_type)
        _load_weights(built, folder / ARTIFACTS / WEIGHTS)
        place = choose_device(device)
        # Channels last is the order convolutions are fastest in, on CPUs and GPUs alike.
        built.module.eval().requires_grad_(False).to(place, memory_format=torch.channels_last)  # type: ignore[call-overload]
        predictor: Predictor[Any] = load_dotted(PREDICTORS[TaskType(card.task_type)])(built, card, settings, place)
        return predictor

    @property
    @abstractmethod
    def sample_side(self) -> int:
        """The side, in px, of an image that is about as large as what the network is given."""

    @abstractmethod
    def prepare(self, image: Image.Image) -> Prepared:
        """What the network looks at of an RGB image."""

    @abstractmethod
    def predict_prepared(self, prepared: Sequence[Prepared]) -> list[dict[str, Any]]:
        """`predict` for what `prepare` made."""

    def predict(self, images: Sequence[Image.Image]) -> list[dict[str, Any]]:
        """The element of the response for each RGB image, in order."""
        return self.predict_prepared([self.prepare(image) for image in images])

    def explain(self, image: Image.Image, xai: XaiParameters) -> dict[str, Any]:
        """The prediction of one RGB image with its explanation.

        Raises:
            InvalidDocumentError: this kind of model is not explained.
        """
        raise _unexplained([0])

    def open_items(self, items: Sequence[ScoringItem]) -> list[Image.Image]:
        """The images of a scoring request, RGB and upright.

        Raises:
            InvalidDocumentError: an item asks for an explanation that this kind of model cannot give.
            InvalidImageError: with one detail for each item that is not an image we open.
        """
        asking = [index for index, item in enumerate(items) if item.xai is not None]
        if asking and self.card.task_type not in EXPLAINED_TASK_TYPES:
            raise _unexplained(asking)
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
            InvalidDocumentError: an item asks for an explanation that this kind of model cannot give.
            InvalidImageError: with one detail for each item that is not an image we open.
        """
        images = self.open_items(items)
        plain = [image for item, image in zip(items, images, strict=True) if item.xai is None]
        predicted = iter(self.predict(plain))
        return [
            next(predicted) if item.xai is None else self.explain(image, item.xai)
            for item, image in zip(items, images, strict=True)
        ]


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


def _unexplained(places: Sequence[int]) -> InvalidDocumentError:
    why = "Models that find objects are not explained; send the image without model_explainability."
    return invalid("The scoring request", [Detail(why, "not_explained", f"input_data.data[{at}]") for at in places])


def _load_weights(built: Built, path: Path) -> None:
    try:
        built.module.load_state_dict(load_file(path))
    except (OSError, RuntimeError) as error:
        raise InvalidDocumentError(
            f"{path.name} of the model does not fit its architecture: {str(error).splitlines()[0]}.",
            hint="The folder must be an MLflow model that Darkroom packaged.",
        ) from error
