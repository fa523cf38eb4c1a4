"""What the training loop asks of a task type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn
from torch.utils.data import Dataset

from vision.architectures import Built
from vision.catalog.task_types import TASK_TYPES
from vision.export.onnx_file import Graph
from vision.metrics.bootstrap import Confidence
from vision.registry import load_dotted
from vision.spec.settings import InferenceSettings
from vision.training.inputs.loader import Batch
from vision.training.inputs.rows import ImageRows
from vision.training.inputs.source import ImageSource
from vision.training.run_document import RunDocument

Outputs = dict[str, Any]  # decoded predictions of one batch: tensors, or plain lists and numbers
Answer = Callable[[Tensor], tuple[Tensor, ...]]  # pixels float32 [B, 3, H, W] in 0–255 to a graph's outputs


@dataclass(frozen=True)
class Evaluation:
    """A scored split: its scalar metrics (None: undefined), and how to make the rest.

    `describe` makes what `evaluation.json` holds; that takes far longer than the metrics, so an epoch does without.
    """

    metrics: dict[str, float | None]
    describe: Callable[[], dict[str, Any]]

    @cached_property
    def report(self) -> dict[str, Any]:
        """What `evaluation.json` holds."""
        return self.describe()

    @property
    def per_label(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.report["per_label"]
        return rows

    @property
    def bounds(self) -> dict[str, float]:
        """The interval of the primary metric as metrics beside it, so that lists of trials need not read reports; empty
        where there is none."""
        interval = self.report["confidence"]
        return {} if interval is None else Confidence(**interval).bounds()


@dataclass(frozen=True)
class SplitImages:
    """One split ready to be loaded: `dataset` is indexed by (epoch, index), `source` is where its pixels come from."""

    rows: ImageRows
    dataset: Dataset[Any]
    source: ImageSource

    @property
    def samples(self) -> int:
        """How many the dataset holds: one a row, or more where images are looked at in parts too."""
        return len(self.dataset)  # type: ignore[arg-type]


class Task(Protocol):
    """One task type, bound to one run. Whatever the network is given or gives goes through here.

    `loss_limit` is the loss above which training counts as diverged, `exported_images` how many validation images the
    exported file is tried on.
    """

    loss_limit: float
    exported_images: int

    def training_images(self, rows: ImageRows, seed: int) -> SplitImages:
        """Augmented images; a sample depends on nothing but seed, epoch and index."""

    def evaluation_images(self, rows: ImageRows) -> SplitImages:
        """Images as inference sees them."""

    def begin(self, rows: ImageRows) -> None:
        """Learn what the loss needs of the training rows."""

    def collate(self, samples: Sequence[Any]) -> Batch:
        """Samples to one batch of tensors."""

    def training_step(self, module: nn.Module, batch: Batch) -> tuple[Tensor, Outputs]:
        """The loss (a scalar with its graph) and the decoded predictions of a batch that is on the device."""

    def evaluation_step(self, module: nn.Module, batch: Batch) -> Outputs:
        """Decoded predictions, with the index of each image and its loss."""

    def evaluate(self, outputs: Sequence[Outputs], rows: ImageRows, split: str) -> Evaluation:
        """Score the outputs of a whole split (on the CPU), in whatever order and with whatever repeats they come."""

    def validation_loss(self, outputs: Sequence[Outputs]) -> float:
        """The training criterion over a whole split."""

    def training_metrics(self, outputs: Sequence[Outputs]) -> dict[str, float | None]:
        """The scalar metrics over an epoch's training batches."""

    def write_predictions(self, outputs: Sequence[Outputs], rows: ImageRows, path: Path) -> None:
        """One Parquet row an image."""

    def export_graph(self, module: nn.Module) -> Graph:
        """The network as it is written to `model.onnx`; `module` is in evaluation mode, on the CPU."""

    def exported_step(self, answer: Answer, batch: Batch) -> Outputs:
        """`evaluation_step` by whatever answers as the graph does, the file or the network itself."""

    def inference_settings(self) -> InferenceSettings:
        """What the packaged model needs to prepare an image the same way."""


def make_task(run: RunDocument, built: Built) -> Task:
    """The task object of the run's task type.

    Raises:
        NotFoundError: no such task type.
    """
    task: Task = load_dotted(TASK_TYPES.get(run.task_type).trainer)(run, built)
    return task
