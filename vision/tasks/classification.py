"""Multi-class classification: one label an image, softmax, cross-entropy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vision.architectures import Built
from vision.errors import InvalidDatasetError
from vision.metrics.classification import classification_metrics
from vision.spec.settings import InferenceSettings
from vision.tasks.base import Evaluation, Outputs, SplitImages
from vision.tasks.class_weights import class_weights
from vision.tasks.classification_data import NO_LABEL, AugmentedImages, CentredImages, collate_samples
from vision.tasks.classification_report import build_report, write_predictions
from vision.training.inputs.augmentation import AUGMENTATIONS, normalise
from vision.training.inputs.loader import Batch
from vision.training.inputs.rows import ImageRows
from vision.training.inputs.source import CentreDecoder, ImageSource, ReducedDecoder
from vision.training.run_document import RunDocument


class ClassificationTask:
    """The task object of `image_classification`."""

    loss_limit = 100.0

    def __init__(self, run: RunDocument, built: Built) -> None:
        self.run = run
        self.label_names = run.label_names
        self.interpolation = built.interpolation
        self.training_crop = int(run.parameters["training_crop_size"])
        self.validation_resize = int(run.parameters["validation_resize_size"])
        self.validation_crop = int(run.parameters["validation_crop_size"])
        self.weighted_loss = int(run.parameters["weighted_loss"])
        self.augmentation = AUGMENTATIONS.get(run.parameters.get("augmentations") or "standard")
        self._weights: Tensor | None = None
        self._mean = torch.tensor(built.mean)
        self._std = torch.tensor(built.std)

    def training_images(self, rows: ImageRows, seed: int) -> SplitImages:
        # Twice the crop: even the smallest crop of the standard augmentation then loses no detail.
        decoder = ReducedDecoder(max(self.validation_resize, 2 * self.training_crop))
        source = ImageSource(rows, decoder, self.run.cache_dir)
        dataset = AugmentedImages(
            source=source,
            labels=self._label_indices(rows),
            crop=self.training_crop,
            resize=self.validation_resize,
            interpolation=self.interpolation,
            augmentation=self.augmentation,
            seed=seed,
        )
        return SplitImages(rows, dataset, source)

    def evaluation_images(self, rows: ImageRows) -> SplitImages:
        decoder = CentreDecoder(self.validation_resize, self.validation_crop, self.interpolation)
        source = ImageSource(rows, decoder, self.run.cache_dir)
        return SplitImages(rows, CentredImages(source, self._label_indices(rows)), source)

    def begin(self, rows: ImageRows) -> None:
        self._weights = class_weights(self._label_indices(rows), len(self.label_names), self.weighted_loss)

    collate = staticmethod(collate_samples)

    def training_step(self, module: nn.Module, batch: Batch) -> tuple[Tensor, Outputs]:
        logits = module(self._prepare(batch)).float()  # [B, C]
        loss = functional.cross_entropy(logits, batch["labels"], self._weights_on(logits.device))
        return loss, _decode(logits.detach(), batch)

    def evaluation_step(self, module: nn.Module, batch: Batch) -> Outputs:
        return _decode(module(self._prepare(batch)).float(), batch)

    def evaluate(self, outputs: Sequence[Outputs], rows: ImageRows, split: str) -> Evaluation:
        merged = _merge(outputs)
        truth, probabilities = merged["labels"].numpy(), merged["probabilities"].double().numpy()
        metrics = classification_metrics(truth, probabilities)
        report = build_report(truth, probabilities, self.label_names, metrics, self.run.task_type, split)
        return Evaluation(metrics, report, report["per_label"])

    def validation_loss(self, outputs: Sequence[Outputs]) -> float:
        merged = _merge(outputs)
        weights = torch.ones(len(self.label_names)) if self._weights is None else self._weights
        weight = weights[merged["labels"]].double()
        return float((merged["losses"].double() * weight).sum() / weight.sum())

    def training_metrics(self, outputs: Sequence[Outputs]) -> dict[str, float | None]:
        truth = torch.cat([part["labels"] for part in outputs]).numpy()
        probabilities = torch.cat([part["probabilities"] for part in outputs]).double().numpy()
        return classification_metrics(truth, probabilities)

    def write_predictions(self, outputs: Sequence[Outputs], rows: ImageRows, path: Path) -> None:
        write_predictions(_merge(outputs), rows, self.label_names, path)

    def inference_settings(self) -> InferenceSettings:
        return InferenceSettings(
            train_crop_size=self.training_crop,
            valid_resize_size=self.validation_resize,
            valid_crop_size=self.validation_crop,
        )

    def _prepare(self, batch: Batch) -> Tensor:
        device = batch["images"].device
        return normalise(batch["images"], self._mean.to(device), self._std.to(device), batch.get("colours"))

    def _weights_on(self, device: torch.device) -> Tensor | None:
        return None if self._weights is None else self._weights.to(device)

    def _label_indices(self, rows: ImageRows) -> list[int]:
        known = {name: index for index, name in enumerate(self.label_names)}
        indices = [known.get(labels[0], NO_LABEL) if len(labels) == 1 else NO_LABEL for labels in rows.labels]
        if NO_LABEL in indices:
            bad = indices.index(NO_LABEL)
            raise InvalidDatasetError(
                f"{rows.path[bad]} has the labels {rows.labels[bad]}: multi-class classification needs exactly one "
                f"of {', '.join(self.label_names)}.",
                hint="Correct the label, or choose multi-label classification for images with several.",
            )
        return indices


def _decode(logits: Tensor, batch: Batch) -> Outputs:
    return {
        "indices": batch["indices"],
        "labels": batch["labels"],
        "probabilities": logits.softmax(dim=1),
        "losses": functional.cross_entropy(logits, batch["labels"], reduction="none"),
    }


def _merge(outputs: Sequence[Outputs]) -> Outputs:
    """All batches as one, each image once, in the order of the split."""
    merged = {name: torch.cat([part[name] for part in outputs]) for name in outputs[0]}
    _, first = np.unique(merged["indices"].numpy(), return_index=True)
    return {name: values[torch.from_numpy(first)] for name, values in merged.items()}
