"""What every task that names whole images shares: the images, the forward pass, how outputs are put together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from vision.architectures import Built
from vision.errors import TrainingError
from vision.export.naming import naming_graph
from vision.export.onnx_file import Colours, Graph
from vision.spec.settings import ClassificationSettings
from vision.tasks.base import Answer, Evaluation, Outputs, SplitImages
from vision.tasks.classification_data import CentredImages, collate_samples, make_training_images
from vision.training.inputs.augmentation import normalise
from vision.training.inputs.loader import Batch
from vision.training.inputs.rows import ImageRows
from vision.training.inputs.source import CentreDecoder, ImageSource
from vision.training.run_document import RunDocument


class NamingTask(ABC):
    """A task object without its targets, loss and scores, which subclasses add.

    Outputs hold `indices` int64 [B], `labels` (targets), `probabilities` float32 [B, C] and `losses` float32 [B], the
    criterion of each image without weights.
    """

    loss_limit = 100.0
    exported_images = 200

    def __init__(self, run: RunDocument, built: Built) -> None:
        self.run = run
        self.label_names = run.label_names
        self.interpolation = built.interpolation
        self.training_crop = int(run.parameters["training_crop_size"])
        self.validation_resize = int(run.parameters["validation_resize_size"])
        self.validation_crop = int(run.parameters["validation_crop_size"])
        self.weighted_loss = int(run.parameters["weighted_loss"])
        self._weights: Tensor | None = None
        self._mean = torch.tensor(built.mean)
        self._std = torch.tensor(built.std)
        self._colours = Colours(built.mean, built.std, bool(run.parameters.get("enable_onnx_normalization", True)))

    @abstractmethod
    def targets(self, rows: ImageRows) -> np.ndarray:
        """What is to be learnt of each row: the first axis counts rows.

        Raises:
            InvalidDatasetError: a row has labels that this task cannot learn.
        """

    @abstractmethod
    def begin(self, rows: ImageRows) -> None:
        """Learn what the loss needs of the training rows."""

    @abstractmethod
    def criterion(self, logits: Tensor, batch: Batch) -> Tensor:
        """The loss of a batch, a scalar; logits float32 [B, C]."""

    @abstractmethod
    def decode(self, logits: Tensor, batch: Batch) -> Outputs:
        """The outputs of a batch; logits float32 [B, C] without their graph."""

    @abstractmethod
    def score(self, truth: np.ndarray, probabilities: np.ndarray) -> dict[str, float | None]:
        """The scalar metrics; `truth` as in `targets`, `probabilities` float64 [N, C]."""

    @abstractmethod
    def evaluate(self, outputs: Sequence[Outputs], rows: ImageRows, split: str) -> Evaluation:
        """Score the outputs of a whole split."""

    @abstractmethod
    def validation_loss(self, outputs: Sequence[Outputs]) -> float:
        """The training criterion over a whole split."""

    @abstractmethod
    def write_predictions(self, outputs: Sequence[Outputs], rows: ImageRows, path: Path) -> None:
        """One Parquet row an image."""

    def training_images(self, rows: ImageRows, seed: int) -> SplitImages:
        dataset = make_training_images(
            rows, self.targets(rows), self.run.parameters, self.interpolation, self.run.cache_dir, seed
        )
        return SplitImages(rows, dataset, dataset.source)

    def evaluation_images(self, rows: ImageRows) -> SplitImages:
        decoder = CentreDecoder(self.validation_resize, self.validation_crop, self.interpolation)
        source = ImageSource(rows, decoder, self.run.cache_dir)
        return SplitImages(rows, CentredImages(source, self.targets(rows)), source)

    collate = staticmethod(collate_samples)

    def training_step(self, module: nn.Module, batch: Batch) -> tuple[Tensor, Outputs]:
        logits = module(self._prepare(batch)).float()  # [B, C]
        return self.criterion(logits, batch), self.decode(logits.detach(), batch)

    def evaluation_step(self, module: nn.Module, batch: Batch) -> Outputs:
        return self.decode(module(self._prepare(batch)).float(), batch)

    def training_metrics(self, outputs: Sequence[Outputs]) -> dict[str, float | None]:
        truth = torch.cat([part["labels"] for part in outputs]).numpy()
        probabilities = torch.cat([part["probabilities"] for part in outputs]).double().numpy()
        return self.score(truth, probabilities)

    def inference_settings(self) -> ClassificationSettings:
        return ClassificationSettings(
            train_crop_size=self.training_crop,
            valid_resize_size=self.validation_resize,
            valid_crop_size=self.validation_crop,
        )

    def export_graph(self, module: nn.Module) -> Graph:
        facts = {"task": self.run.task_type, "architecture": self.run.architecture, "labels": self.label_names}
        return naming_graph(module, self._colours, self.validation_crop, self.validation_resize, dict(facts))

    def exported_step(self, answer: Answer, batch: Batch) -> Outputs:
        (logits,) = answer(self._colours.prepare(batch["images"].permute(0, 3, 1, 2).float()))
        return self.decode(logits, batch)

    def _prepare(self, batch: Batch) -> Tensor:
        device = batch["images"].device
        return normalise(batch["images"], self._mean.to(device), self._std.to(device), batch.get("colours"))

    def _weights_on(self, device: torch.device) -> Tensor | None:
        return None if self._weights is None else self._weights.to(device)


def merge_outputs(outputs: Sequence[Outputs]) -> Outputs:
    """All batches as one, each image once, in the order of the split."""
    merged = {name: torch.cat([part[name] for part in outputs]) for name in outputs[0]}
    _, first = np.unique(merged["indices"].numpy(), return_index=True)
    return {name: values[torch.from_numpy(first)] for name, values in merged.items()}


def read_probabilities(merged: Outputs) -> np.ndarray:
    """Float64 [N, C].

    Raises:
        TrainingError: some are NaN, as those of a network that has diverged since its last loss was looked at.
    """
    probabilities: np.ndarray = merged["probabilities"].double().numpy()
    if np.isnan(probabilities).any():
        raise TrainingError(
            "Training diverged: the network answers images with NaN in place of probabilities.",
            hint="Lower `learning_rate`. If that does not help, set `mixed_precision: off`.",
            code="training_diverged",
        )
    return probabilities
