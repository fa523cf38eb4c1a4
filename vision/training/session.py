"""One run from its document to its outputs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch

from vision.architectures import Built, build_architecture
from vision.architectures.built import freeze_layers
from vision.architectures.continuing import load_run_weights, read_run_weights
from vision.interpreter import importing
from vision.tasks.base import make_task
from vision.training.averaging import WeightAverage
from vision.training.checkpoints import best_weights, read_checkpoint, restore_checkpoint
from vision.training.distributed import ProcessGroup
from vision.training.early_stopping import EarlyStopping
from vision.training.event_log import EventWriter
from vision.training.hyperparameters import Hyperparameters
from vision.training.inputs.batches import TrainingBatches
from vision.training.inputs.loader import make_loader
from vision.training.interrupt import StopRequest
from vision.training.loop import Trainer
from vision.training.optimizers import make_optimizer
from vision.training.outputs import write_outputs
from vision.training.precision import choose_precision
from vision.training.recomputing import recompute_activations
from vision.training.rescue import move_position
from vision.training.resources import ResourceMeter
from vision.training.run_document import RunDocument
from vision.training.seeds import make_deterministic, seed_everything
from vision.training.selection import Selection
from vision.training.setup import (
    Splits,
    agree_on_seed,
    join_gradients,
    load_options,
    load_splits,
    load_start,
    place_on_device,
)
from vision.training.state import TrainingState
from vision.training.updates import Updater


@dataclass
class Session:
    """Everything one process needs to carry out a run."""

    run: RunDocument
    group: ProcessGroup
    events: EventWriter
    stop: StopRequest
    started: float = field(default_factory=time.monotonic)

    def carry_out(self) -> None:
        """Prepare, train, write the outputs, and tell of each through the events.

        Raises:
            StoppedError: asked to stop.
            UserError: something its owner can put right.
        """
        self._tell_phase("Preparing", f"Preparing {self.run.architecture}")
        trainer, built, splits = self.prepare()
        self._tell_started(trainer, splits)
        self._tell_phase("Running", f"Training {self.run.architecture} on {_device_name(self.group.device)}")
        trainer.fit()
        self._tell_phase("Finalizing", f"Scoring epoch {trainer.state.best.epoch} and packaging the model")
        bounds = write_outputs(self.run, trainer, built, splits)
        self._tell_completed(trainer, bounds)

    def prepare(self) -> tuple[Trainer, Built, Splits]:
        """Build everything and restore a checkpoint if there is one; nothing is trained yet."""
        run, group = self.run, self.group
        parameters = Hyperparameters.from_values(run.parameters)
        source = run.resume_from or (run.start_from if run.continue_start else None)
        checkpoint = read_checkpoint(source) if source else None
        seed = checkpoint["state"]["seed"] if checkpoint else agree_on_seed(parameters, group)
        make_deterministic(parameters.random_seed is not None)
        seed_everything(seed)
        options = {**run.parameters, **load_options(run, group, self._tell_preparing)}
        with importing():
            built = build_architecture(run.architecture, len(run.label_names), options, run.task_type)
            task = make_task(run, built)
        state = TrainingState(seed, parameters.training_batch_size, run.architecture, run.label_names)
        splits = load_splits(run, task, parameters, seed, group, self._tell_preparing)
        if checkpoint is None and run.start_from is not None:
            state.pretrained = self._continue_from(run.start_from, built)
        elif checkpoint is None and parameters.pretrained != "none":
            state.pretrained = load_start(run, built, group, self._tell_preparing)
        if run.parameters.get("gradient_checkpointing"):
            recompute_activations(built.module, run.architecture)
        place_on_device(built, group.device)
        frozen = freeze_layers(built, parameters.layers_to_freeze)
        precision = choose_precision(parameters.mixed_precision, group.device)
        updater = Updater(
            built.module,
            make_optimizer(built.module, parameters, built.slow),
            precision,
            built.is_transformer,
            parameters.max_grad_norm,
        )
        early_stopping = EarlyStopping(parameters.early_stopping_patience, parameters.early_stopping_delay)
        average = WeightAverage(built.module) if run.parameters.get("ema") else None
        if checkpoint is not None:
            state = restore_checkpoint(
                checkpoint, built.module, updater.optimizer, precision.scaler, early_stopping, average
            )
            state.step = move_position(
                state.step, state.batch_size or parameters.training_batch_size, parameters.training_batch_size
            )
            state.batch_size = parameters.training_batch_size
            if run.resume_from is None:
                state.reopen(self._start_name(run.start_from))
                early_stopping.begin_again()
        batches = TrainingBatches(splits.train.samples, parameters.training_batch_size, seed, group.share)
        workers = parameters.number_of_workers
        trainer = Trainer(
            task=task,
            parameters=parameters,
            selection=Selection.of(run.primary_metric, run.parameters),
            module=built.module,
            wrapped=join_gradients(built.module, group),
            frozen=frozen,
            updater=updater,
            batches=batches,
            training=make_loader(splits.train.dataset, batches, task.collate, workers, group.device),
            validation=splits.validation,
            group=group,
            events=self.events,
            stop=self.stop,
            early_stopping=early_stopping,
            checkpoint_dir=run.checkpoint_dir,
            state=state,
            meter=ResourceMeter(group.device, self.started),
            average=average,
        )
        return trainer, built, splits

    def _continue_from(self, path: Path, built: Built) -> str:
        earlier = best_weights(read_checkpoint(path)) if path.suffix == ".pt" else read_run_weights(path)
        continued = load_run_weights(built, earlier, self.run.architecture, self.run.label_names)
        if continued.new_heads and self.group.is_main:
            message = (
                f"The run to start from knew other classes ({', '.join(continued.earlier[:10])}): the layers that "
                "depend on them begin anew."
            )
            self.events.write("note", code="new_heads", message=message)
        return self._start_name(path)

    def _start_name(self, path: Path | None) -> str:
        return str(self.run.parameters.get("checkpoint_run_id") or (path.name if path else ""))

    def _tell_started(self, trainer: Trainer, splits: Splits) -> None:
        if self.group.is_main:
            self.events.write(
                "started",
                device=self.group.device.type,
                devices=[_device_name(self.group.device)],
                world_size=self.group.world_size,
                pretrained=trainer.state.pretrained,
                images={"train": len(splits.train.rows), "validation": len(splits.validation.rows)},
                precision=trainer.updater.precision.name,
                seed=trainer.state.seed,
                from_epoch=trainer.state.epoch,
            )

    def _tell_completed(self, trainer: Trainer, bounds: Mapping[str, float]) -> None:
        state = trainer.state
        if self.group.is_main:
            self.events.write(
                "completed",
                best_epoch=state.best.epoch,
                epochs=state.epoch,
                primary_metric=state.best.metrics.get(self.run.primary_metric),
                metrics={**state.best.metrics, **bounds},
                resources=trainer.meter.summary(state.measured, state.epoch),
                stopped_early=state.has_stopped_early,
            )

    def _tell_preparing(self, message: str) -> None:
        self._tell_phase("Preparing", message)

    def _tell_phase(self, phase: str, message: str) -> None:
        if self.group.is_main:
            self.events.write("phase", phase=phase, message=message)
            self.events.write("log", level="info", message=message)


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
