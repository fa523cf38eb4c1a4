"""One run from its document to its outputs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from vision.architectures import Built, build_architecture
from vision.architectures.built import freeze_layers
from vision.architectures.weights import find_weights, load_pretrained
from vision.catalog.architectures import ARCHITECTURES
from vision.tasks.base import SplitImages, Task, make_task
from vision.training.checkpoints import read_checkpoint, restore_checkpoint
from vision.training.distributed import ProcessGroup
from vision.training.early_stopping import EarlyStopping
from vision.training.event_log import EventWriter
from vision.training.hyperparameters import Hyperparameters
from vision.training.inputs.batches import Share, TrainingBatches, ValidationBatches
from vision.training.inputs.cache import cache_limit, drop_unused
from vision.training.inputs.loader import Batch, make_loader
from vision.training.inputs.rows import ImageRows, read_rows
from vision.training.interrupt import StopRequest
from vision.training.loop import Trainer
from vision.training.optimizers import make_optimizer
from vision.training.outputs import write_outputs
from vision.training.precision import choose_precision
from vision.training.run_document import RunDocument
from vision.training.seeds import draw_seed, make_deterministic, seed_everything
from vision.training.state import TrainingState
from vision.training.updates import Updater


@dataclass
class Session:
    """Everything one process needs to carry out a run."""

    run: RunDocument
    group: ProcessGroup
    events: EventWriter
    stop: StopRequest

    def carry_out(self) -> None:
        """Prepare, train, write the outputs; tells of each through the events.

        Raises:
            StoppedError: asked to stop.
            UserError: something its owner can put right.
        """
        self._tell_phase("Preparing", "Reading the data")
        trainer, test = self._prepare()
        self._tell_phase("Running", f"Training {self.run.architecture} on {self.group.device}")
        trainer.fit()
        self._tell_phase("Finalizing", "Scoring the best epoch and packaging the model")
        write_outputs(self.run, trainer, test)
        if self.group.is_main:
            state = trainer.state
            self.events.write(
                "completed",
                best_epoch=state.best.epoch,
                epochs=state.epoch,
                primary_metric=state.best.value,
                metrics=state.best.metrics,
                stopped_early=state.has_stopped_early,
            )

    def _prepare(self) -> tuple[Trainer, SplitImages | None]:
        run, parameters = self.run, Hyperparameters.from_values(self.run.parameters)
        checkpoint = read_checkpoint(run.resume_from) if run.resume_from else None
        seed = checkpoint["state"]["seed"] if checkpoint else self._agree_on_seed(parameters)
        make_deterministic(parameters.random_seed is not None)
        seed_everything(seed)
        built = build_architecture(run.architecture, len(run.label_names))
        state = TrainingState(seed)
        if checkpoint is None and parameters.pretrained != "none":
            state.pretrained = self._load_pretrained(built)
        built.module.to(self.group.device, memory_format=_memory_format(built))  # type: ignore[call-overload]
        frozen = freeze_layers(built, parameters.layers_to_freeze)

        precision = choose_precision(parameters.mixed_precision, self.group.device)
        optimizer = make_optimizer(built.module, parameters)
        early_stopping = EarlyStopping(parameters.early_stopping_patience, parameters.early_stopping_delay)
        if checkpoint is not None:
            state = restore_checkpoint(checkpoint, built.module, optimizer, precision.scaler, early_stopping)

        task = make_task(run, built)
        training, validation, test = self._load_splits(task, parameters, seed)
        batches = TrainingBatches(len(training.rows), parameters.training_batch_size, seed, self.group.share)
        self._tell_started(training.rows, validation.rows, state, precision.name)
        trainer = Trainer(
            task=task,
            parameters=parameters,
            primary_metric=run.primary_metric,
            module=built.module,
            wrapped=self._wrap(built.module),
            frozen=frozen,
            updater=Updater(built.module, optimizer, precision, built.is_transformer),
            batches=batches,
            training=make_loader(
                training.dataset, batches, task.collate, parameters.number_of_workers, self.group.device
            ),
            validation=make_validation_loader(task, validation, parameters, self.group),
            group=self.group,
            events=self.events,
            stop=self.stop,
            early_stopping=early_stopping,
            checkpoint_dir=run.checkpoint_dir,
            state=state,
        )
        return trainer, test

    def _load_splits(
        self, task: Task, parameters: Hyperparameters, seed: int
    ) -> tuple[SplitImages, SplitImages, SplitImages | None]:
        run = self.run
        rows = read_rows(run.train, run.images_dir)
        task.begin(rows)
        training = task.training_images(rows, seed)
        validation = task.evaluation_images(read_rows(run.validation, run.images_dir))
        test = task.evaluation_images(read_rows(run.test, run.images_dir)) if run.test else None
        if not parameters.should_stream_images:
            if self.group.local_rank == 0:
                self._fill_caches([training, validation])
            self.group.wait()
            for split in (training, validation):
                split.source.use_cache()
        return training, validation, test

    def _fill_caches(self, splits: list[SplitImages]) -> None:
        folder = self.run.cache_dir
        limit = cache_limit(folder)
        threads = len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else psutil.cpu_count()
        drop_unused(folder, {split.source.key for split in splits}, limit)
        for name, split in zip(("training", "validation"), splits, strict=True):
            self._tell_phase("Preparing", f"Decoding {len(split.rows)} {name} images")
            split.source.fill(limit, threads or 1, lambda done, total: None)

    def _load_pretrained(self, built: Built) -> str:
        """Load the pretrained start; rank 0 of each machine fetches it, the others then find it."""
        run, info = self.run, ARCHITECTURES.get(self.run.architecture)
        if self.group.local_rank == 0:
            path = find_weights(info, run.weights_dir, run.offline, self._tell_download)
            self.group.wait()
        else:
            self.group.wait()
            path = find_weights(info, run.weights_dir, True, self._tell_download)
        load_pretrained(built, path)
        return path.name

    def _agree_on_seed(self, parameters: Hyperparameters) -> int:
        seed = draw_seed() if parameters.random_seed is None else parameters.random_seed
        return int(self.group.gather([seed])[0])

    def _wrap(self, module: nn.Module) -> nn.Module:
        if self.group.world_size == 1:
            return module
        devices = [self.group.device] if self.group.device.type == "cuda" else None
        return DistributedDataParallel(module, device_ids=devices)

    def _tell_started(self, training: ImageRows, validation: ImageRows, state: TrainingState, precision: str) -> None:
        if not self.group.is_main:
            return
        device = self.group.device
        self.events.write(
            "started",
            device=device.type,
            devices=[_device_name(device)],
            world_size=self.group.world_size,
            pretrained=state.pretrained,
            images={"train": len(training), "validation": len(validation)},
            precision=precision,
            seed=state.seed,
            from_epoch=state.epoch,
        )

    def _tell_phase(self, phase: str, message: str) -> None:
        if self.group.is_main:
            self.events.write("phase", phase=phase, message=message)
            self.events.write("log", level="info", message=message)

    def _tell_download(self, message: str, fraction: float) -> None:
        percent = int(fraction * 100)
        if self.group.is_main and percent % 10 == 0 and getattr(self, "_last_percent", None) != percent:
            self._last_percent = percent
            self.events.write("phase", phase="Preparing", message=f"{message}: {percent} %")


def make_validation_loader(task: Task, split: SplitImages, parameters: Hyperparameters, group: ProcessGroup):  # type: ignore[no-untyped-def]
    ...
