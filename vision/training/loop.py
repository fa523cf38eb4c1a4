"""The training loop: the same for every task type."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from vision.spec.best_metrics import VALIDATION_LOSS
from vision.tasks.base import Evaluation, Outputs, SplitImages, Task
from vision.training.averaging import WeightAverage
from vision.training.checkpoints import prune_checkpoints, write_checkpoint
from vision.training.distributed import ProcessGroup
from vision.training.early_stopping import EarlyStopping
from vision.training.event_log import EventWriter
from vision.training.faults import check_loss
from vision.training.hyperparameters import Hyperparameters
from vision.training.inputs.batches import TrainingBatches, ValidationBatches
from vision.training.inputs.loader import Batch, make_loader
from vision.training.interrupt import StopRequest
from vision.training.length import RunLength
from vision.training.progress import ProgressReporter
from vision.training.resources import ResourceMeter
from vision.training.schedules import learning_rate_at
from vision.training.seeds import seed_everything
from vision.training.selection import Selection
from vision.training.state import Best, TrainingState, copy_weights
from vision.training.updates import Updater, hold_back

_STOP_CHECK_STEPS = 10  # with several processes: agreeing on a stop costs an exchange


def describe_epoch(epoch: int, epochs: int, values: Mapping[str, float]) -> str:
    """One log line of an epoch's most looked-at metrics."""
    shown = ("loss_train", "loss_valid", "accuracy", "iou", "mean_average_precision", "learning_rate")
    figures = ", ".join(f"{name} {values[name]:.4g}" for name in shown if name in values)
    return f"Epoch {epoch} of {epochs}: {figures}"


class StoppedError(Exception):
    """The run was told to stop and has written its checkpoint."""


@dataclass
class Trainer:
    """Trains `module` (`wrapped`: the same behind the exchange of gradients) from `state` to the end."""

    task: Task
    parameters: Hyperparameters
    selection: Selection
    module: nn.Module
    wrapped: nn.Module
    frozen: list[nn.Module]
    updater: Updater
    batches: TrainingBatches
    training: DataLoader[Batch]
    validation: SplitImages
    group: ProcessGroup
    events: EventWriter
    stop: StopRequest
    early_stopping: EarlyStopping
    checkpoint_dir: Path
    state: TrainingState
    meter: ResourceMeter
    average: WeightAverage | None = None

    @property
    def length(self) -> RunLength:
        return RunLength.of(self.parameters, len(self.batches))

    @property
    def scored(self) -> nn.Module:
        """The network that is validated and kept: the average of the weights where one is taken."""
        return self.average.module if self.average else self.module

    def fit(self) -> None:
        """Train every epoch that is left, or until early stopping.

        Raises:
            StoppedError: asked to stop; a checkpoint is written.
            TrainingError: the loss ran away.
        """
        length = self.length
        done = self.state.epoch * length.batches + self.state.step
        self.progress = ProgressReporter(self.events, length.epochs, length.batches, length.total_batches, done)
        with self.meter.training():
            while not self.state.is_finished:
                with self.meter.epoch(self.state.measured):
                    self._train_epoch()
                self._end_epoch()
                self._stop_if_asked(is_epoch_end=True)

    def evaluate(self, images: SplitImages, split: str) -> tuple[Evaluation, list[Outputs]]:
        """Score the network as it is on a split, in full precision: as the packaged model will."""
        module = self.scored
        module.eval()
        outputs = []
        with torch.inference_mode():
            for batch in self._on_device(self._evaluation_loader(images)):
                outputs.append(_on_cpu(self.task.evaluation_step(module, batch)))
        outputs = self.group.gather(outputs)
        return self.task.evaluate(outputs, images.rows, split), outputs

    def _train_epoch(self) -> None:
        state = self.state
        self._batches_now = self.length.batches_in(state.epoch + 1)
        self.batches.set_position(state.epoch + 1, state.step, self._batches_now)
        self._loss_sum = torch.tensor(state.loss_sum, dtype=torch.float64, device=self.group.device)
        self._set_training_mode()
        for batch in self._on_device(self.training):
            self._train_batch(batch)
            if self._is_update_done(state.step):
                self._stop_if_asked()

    def _train_batch(self, batch: Batch) -> None:
        state, accumulation = self.state, self.parameters.gradient_accumulation_step
        seed_everything(state.seed, self.group.rank, state.epoch, state.step)
        first = state.step - state.step % accumulation
        group_size = min(accumulation, self._batches_now - first)
        is_last = state.step == first + group_size - 1
        with hold_back(self.wrapped, is_last):
            with self.updater.precision.autocast():
                loss, outputs = self.task.training_step(self.wrapped, batch)
            self.updater.backward(loss, group_size)
        if is_last:
            self.updater.update(self._learning_rate())
            if self.average:
                self.average.update(self.module)
        self._account(loss.detach(), outputs, len(batch["indices"]))

    def _account(self, loss: Tensor, outputs: Outputs, images: int) -> None:
        state = self.state
        state.step += 1
        state.images += images
        self._loss_sum += loss.double() * images
        if self.parameters.log_training_metrics:
            state.outputs.append(_on_cpu(outputs))
        self.progress.count(images * self.group.world_size)
        if self.group.device.type == "cpu" or self.progress.is_due():
            # Reading the loss makes a GPU wait, so there it is looked at only as often as it is told.
            check_loss(float(loss), self.task.loss_limit, self._learning_rate())
        if self.group.is_main and self.progress.is_due():
            self.progress.report(state.epoch + 1, state.step)

    def _end_epoch(self) -> None:
        state, parameters = self.state, self.parameters
        epoch = state.epoch + 1
        is_last = epoch == self.length.epochs
        is_evaluated = epoch % parameters.evaluation_frequency == 0 or is_last
        values: dict[str, float | None] = {"learning_rate": self._learning_rate(-1), **self._training_values()}
        is_best = False
        if is_evaluated:
            if self.group.is_main:
                self.progress.report(epoch, state.step)
            evaluated = self._validate()
            values |= evaluated
            score = self.selection.score(evaluated)
            is_best = self._note_best(epoch, evaluated, score)
            state.has_stopped_early = parameters.early_stopping and self.early_stopping.observe(score)
        state.end_epoch(values)
        state.is_finished = is_last or state.has_stopped_early
        if self.group.is_main:
            known = {name: value for name, value in values.items() if value is not None}
            self.events.write("metrics", epoch=epoch, values=known)
            self.events.write("log", level="info", message=describe_epoch(epoch, self.length.epochs, known))
        self._write_checkpoint(is_best)

    def _training_values(self) -> dict[str, float | None]:
        sums = torch.stack([self._loss_sum, torch.tensor(float(self.state.images), device=self.group.device)])
        loss_sum, images = self.group.sum(sums).tolist()
        loss = loss_sum / images
        check_loss(loss, self.task.loss_limit, self._learning_rate(-1))
        values: dict[str, float | None] = {"loss_train": loss}
        if self.parameters.log_training_metrics:
            scores = self.task.training_metrics(self.group.gather(self.state.outputs))
            values |= {f"{name}_train": value for name, value in scores.items()}
        return values

    def _validate(self) -> dict[str, float | None]:
        with self.meter.validation(self.state.measured):
            evaluation, outputs = self.evaluate(self.validation, "validation")
        values = dict(evaluation.metrics)
        if self.parameters.log_validation_loss:
            values[VALIDATION_LOSS] = self.task.validation_loss(outputs)
        return values

    def _note_best(self, epoch: int, values: dict[str, float | None], score: float | None) -> bool:
        if not self.state.best.is_beaten_by(score, values.get(VALIDATION_LOSS)):
            return False
        self.state.best = Best(epoch, score, values, copy_weights(self.scored))
        return True

    def _stop_if_asked(self, is_epoch_end: bool = False) -> None:
        """Write a checkpoint of right here and stop, if any process was asked to."""
        if self.state.is_finished:
            return
        if self.group.world_size > 1 and not is_epoch_end and self.state.step % _STOP_CHECK_STEPS:
            return
        if not self.group.any(self.stop.reason is not None):
            return
        if not is_epoch_end:
            # Every process resumes with the mean, so that the sums over all of them come out the same.
            self.state.loss_sum = float(self.group.sum(self._loss_sum)) / self.group.world_size
            self._write_checkpoint(is_best=False)
        raise StoppedError(self.stop.reason or "another process was asked to stop")

    def _write_checkpoint(self, is_best: bool) -> None:
        if not self.group.is_main:
            return
        path = write_checkpoint(
            self.checkpoint_dir,
            self.module,
            self.updater.optimizer,
            self.updater.precision.scaler,
            self.early_stopping,
            self.state,
            self.average,
        )
        self.events.write("checkpoint", epoch=self.state.epoch, path=str(path), is_best=is_best)
        prune_checkpoints(self.checkpoint_dir, self.parameters.checkpoint_frequency, self.parameters.save_total_limit)

    def _evaluation_loader(self, images: SplitImages) -> DataLoader[Batch]:
        batches = ValidationBatches(len(images.rows), self.parameters.validation_batch_size, self.group.share)
        # From the cache a batch is a plain copy, quicker than handing it from one process to another.
        workers = 0 if images.source.is_cached else self.parameters.number_of_workers
        return make_loader(images.dataset, batches, self.task.collate, workers, self.group.device)

    def _set_training_mode(self) -> None:
        self.module.train()
        for module in self.frozen:
            # A frozen layer keeps its running averages too, or it would go on changing.
            module.eval()

    def _is_update_done(self, step: int) -> bool:
        return step % self.parameters.gradient_accumulation_step == 0 or step == self._batches_now

    def _learning_rate(self, offset: int = 0) -> float:
        """The rate of the update under way (`offset` −1: of the last one done)."""
        accumulation, updates_per_epoch = self.parameters.gradient_accumulation_step, self.length.updates_per_epoch
        within = math.ceil(self.state.step / accumulation) if offset else self.state.step // accumulation
        update = self.state.epoch * updates_per_epoch + within + offset
        return learning_rate_at(self.parameters, update, updates_per_epoch)

    def _on_device(self, loader: DataLoader[Batch]) -> Iterator[Batch]:
        for batch in loader:
            yield {name: value.to(self.group.device, non_blocking=True) for name, value in batch.items()}


def _on_cpu(outputs: Outputs) -> Outputs:
    return {name: value.cpu() if isinstance(value, Tensor) else value for name, value in outputs.items()}
