"""Object detection and instance segmentation: a network that finds objects, boxes alone or masks too."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import cast

import torch
from torch import Tensor, nn

from vision.architectures import Built
from vision.architectures.detection import DetectionLimits, DetectionNetwork, Detections, NetworkOutput
from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.task_types import TaskType
from vision.errors import InvalidDatasetError
from vision.export.finding import choose_canvas, finding_graph, read_answer
from vision.export.onnx_file import Colours, Graph
from vision.inference.finding import Finder
from vision.inference.fitting import choose_fitting
from vision.inference.tiling import choose_tiling
from vision.inference.views import fill_colour, group_views
from vision.metrics.detection.objects import FoundObjects
from vision.spec.settings import BoxSettings, mask_threshold, pick_settings
from vision.tasks.base import Answer, Evaluation, Outputs, SplitImages
from vision.tasks.detection.augmentation import draw_scale, rescale_batch
from vision.tasks.detection.batches import Collator, read_placements, read_targets, select_views
from vision.tasks.detection.datasets import EvaluationImages, FittedDecoder, WholeDecoder
from vision.tasks.detection.labels import SplitLabels
from vision.tasks.detection.predictions import write_predictions
from vision.tasks.detection.results import compress_found, merge_outputs
from vision.tasks.detection.scoring import Scorer, evaluation_limits
from vision.tasks.detection.training_views import make_training_images
from vision.training.hyperparameters import Hyperparameters
from vision.training.inputs.augmentation import normalise
from vision.training.inputs.loader import Batch
from vision.training.inputs.rows import ImageRows
from vision.training.inputs.source import ImageSource
from vision.training.run_document import RunDocument

_SAMPLE = 100  # training images that are scored where their metrics are asked for


class DetectionTask:
    """The task object of `image_object_detection` and `image_instance_segmentation`.

    With tiling each image is trained on once as a whole and once a tile, and scored after merging what was found in
    them (SPEC §4.3).
    """

    exported_images = 8

    def __init__(self, run: RunDocument, built: Built) -> None:
        info = ARCHITECTURES.get(run.architecture, run.task_type)
        self.run = run
        self.network = cast(DetectionNetwork, built.module)
        self.loss_limit = self.network.loss_limit
        self.settings = cast(BoxSettings, pick_settings(run.parameters, run.architecture, run.task_type))
        self.has_masks = run.task_type == TaskType.SEGMENTATION
        self.parameters = Hyperparameters.from_values(run.parameters)
        self.has_loss = self.parameters.log_validation_loss
        self.fitting = choose_fitting(info.fitting, self.settings)
        self.tiling = choose_tiling(self.settings)
        self.collate = Collator(self.network.stride, fill_colour(self.fitting, built.mean))
        self.scorer = Scorer(
            run.task_type,
            run.label_names,
            float(run.parameters["validation_iou_threshold"]),
            self.settings.box_score_thresh,
            run.parameters["validation_metric_type"],
        )
        self._has_scales = bool(run.parameters.get("multi_scale"))
        self._canvas = choose_canvas(
            info.fitting, self.fitting.side, self.network.stride, fill_colour(self.fitting, built.mean)
        )
        self._limits = evaluation_limits(self.settings)
        self._finder = Finder(
            self.network.mask_frame,
            mask_threshold(self.settings),
            self._limits.per_image,
            self.tiling,
            self.network.mask_stride,
        )
        self._sample: SplitImages | None = None
        self._mean = torch.tensor(built.mean)
        self._std = torch.tensor(built.std)
        self._colours = Colours(built.mean, built.std, bool(run.parameters.get("enable_onnx_normalization", True)))

    def begin(self, rows: ImageRows) -> None:
        if not self._labels(rows).check():
            raise InvalidDatasetError(
                "There is not one object on the training images.", hint="Label some, or choose another dataset."
            )

    def training_images(self, rows: ImageRows, seed: int) -> SplitImages:
        if self.parameters.log_training_metrics:
            self._sample = self.evaluation_images(rows.spread(_SAMPLE))
        labels, run = self._labels(rows), self.run
        dataset = make_training_images(labels, run.task_type, run.architecture, run.parameters, run.cache_dir, seed)
        return SplitImages(rows, dataset, dataset.source)

    def evaluation_images(self, rows: ImageRows) -> SplitImages:
        labels = self._labels(rows)
        labels.check()
        decoder = WholeDecoder() if self.tiling else FittedDecoder(self.fitting)
        source = ImageSource(rows, decoder, self.run.cache_dir)
        return SplitImages(rows, EvaluationImages(source, labels, self.fitting, self.has_loss, self.tiling), source)

    def training_step(self, module: nn.Module, batch: Batch) -> tuple[Tensor, Outputs]:
        images, sizes, targets = self._normalise(batch), batch["sizes"], read_targets(batch)
        if self._has_scales:
            # The loop seeds torch by seed, epoch and step, so the size drawn is theirs too.
            size = draw_scale(Random(int(torch.randint(2**31, ()))), self.fitting.side, self.network.stride)
            images, targets = rescale_batch(images, targets, size)
            sizes = torch.full_like(sizes, size)
        output: NetworkOutput = module(images, sizes, targets)
        return _sum_losses(output), {}

    def evaluation_step(self, module: nn.Module, batch: Batch) -> Outputs:
        """What is found in each image, in px of its upright self, and the loss of the batch where it is asked for.

        Only views of one shape go through the network together, as in every later prediction.
        """
        cast(DetectionNetwork, module).limits = self._limits
        found: dict[int, Detections] = {}
        losses = torch.zeros(len(batch["sizes"])) if self.has_loss else torch.full((len(batch["sizes"]),), math.nan)
        most = self.parameters.validation_batch_size
        with _repeatable_draws(batch):
            for group in group_views(batch["sizes"], self.network.stride, most):
                part = select_views(batch, group)
                targets = read_targets(part) if self.has_loss else None
                output: NetworkOutput = module(self._normalise(part), part["sizes"], targets)
                found |= zip(group.places, output.detections, strict=True)
                if self.has_loss:
                    losses[group.places] = _sum_losses(output).float().cpu()
        return {
            "indices": batch["indices"],
            "found": self._join_views(found, batch),
            "losses": [float(losses.mean())] * len(batch["indices"]),
        }

    def evaluate(self, outputs: Sequence[Outputs], rows: ImageRows, split: str) -> Evaluation:
        indices, found, _ = merge_outputs(outputs)
        truth = self._labels(rows).list_truth(indices)
        return self.scorer.evaluate(truth, found, split, [rows.row[index] for index in indices])

    def validation_loss(self, outputs: Sequence[Outputs]) -> float:
        losses = merge_outputs(outputs)[2]
        return sum(losses) / len(losses)

    def training_metrics(self, outputs: Sequence[Outputs]) -> dict[str, float | None]:
        """The metrics of at most a hundred training images as inference sees them, evenly spread over the split.

        A network that finds objects hands over no detections while it is trained, and those in random views would not
        compare with validation's; so the outputs of the epoch's batches hold nothing.
        """
        if self._sample is None:
            return {}
        modes = {module: module.training for module in self.network.modules()}
        device = next(self.network.parameters()).device
        self.network.eval()
        scored = []
        with torch.inference_mode():
            for index in range(len(self._sample.rows)):
                batch = self.collate([self._sample.dataset[0, index]])
                scored.append(
                    self.evaluation_step(self.network, {name: value.to(device) for name, value in batch.items()})
                )
        for module, mode in modes.items():
            module.training = mode
        return self.evaluate(scored, self._sample.rows, "train").metrics

    def write_predictions(self, outputs: Sequence[Outputs], rows: ImageRows, path: Path) -> None:
        indices, found, _ = merge_outputs(outputs)
        write_predictions(self.scorer, self._labels(rows), indices, found, path)

    def inference_settings(self) -> BoxSettings:
        return self.settings

    def export_graph(self, module: nn.Module) -> Graph:
        network = cast(DetectionNetwork, module)
        settings = self.settings
        network.limits = DetectionLimits(
            settings.box_score_thresh,
            settings.nms_iou_thresh,
            settings.box_detections_per_img,
            mask_threshold(settings),
        )
        facts = {"task": self.run.task_type, "architecture": self.run.architecture, "labels": self.run.label_names}
        return finding_graph(network, self._colours, self._canvas, dict(facts))

    def exported_step(self, answer: Answer, batch: Batch) -> Outputs:
        found: dict[int, Detections] = {}
        for place, (height, width) in enumerate(batch["sizes"].tolist()):
            pixels, scales = self._canvas.place(batch["images"][place, :height, :width].numpy())
            found[place] = read_answer(answer(self._colours.prepare(pixels)), scales)
        return {
            "indices": batch["indices"],
            "found": self._join_views(found, batch),
            "losses": [math.nan] * len(batch["indices"]),
        }

    def _join_views(self, found: dict[int, Detections], batch: Batch) -> list[FoundObjects]:
        placements, owners = read_placements(batch), batch["owners"].tolist()
        joined = []
        for image, (width, height) in enumerate(batch["image_sizes"].tolist()):
            views = [(found[place], placements[place]) for place, owner in enumerate(owners) if owner == image]
            joined.append(compress_found(self._finder.find(views, width, height), width, height))
        return joined

    def _normalise(self, batch: Batch) -> Tensor:
        device = batch["images"].device
        return normalise(batch["images"], self._mean.to(device), self._std.to(device))

    def _labels(self, rows: ImageRows) -> SplitLabels:
        return SplitLabels(rows, self.run.label_names, self.has_masks)


def _sum_losses(output: NetworkOutput) -> Tensor:
    return torch.stack([loss.float() for loss in output.losses.values()]).sum()


@contextmanager
def _repeatable_draws(batch: Batch) -> Iterator[None]:
    """Losses of two-stage detectors are of a random part of their proposals: the same one whenever an image is scored,
    so that epochs compare and a resumed run says what an unbroken one does."""
    device = batch["images"].device
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(int(batch["indices"][0]))
        yield
