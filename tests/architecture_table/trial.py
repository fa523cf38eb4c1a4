"""One case carried out: what its run leaves, made when it is first looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tests.architecture_table.cases import Case
from tests.architecture_table.documents import write_run
from vision.architectures import Built
from vision.architectures.detection import DetectionNetwork
from vision.architectures.torchvision_detectors.focal import FocalNetwork
from vision.inference.predictor import Predictor
from vision.training.distributed import ProcessGroup
from vision.training.event_log import EventWriter, read_events
from vision.training.interrupt import StopRequest
from vision.training.loop import StoppedError, Trainer
from vision.training.run_document import RunDocument
from vision.training.session import Session
from vision.training.setup import Splits

# Of normalisation: the momentum with which training hardly moves it, its factors, the least variance beside the mean.
_SETTLED, _FACTOR, _LEAST_VARIANCE = 1e-4, 0.3, 0.1
_SPREAD = 8.0  # of what a head says, beside its features
_SPREAD_OF_TOWERS = 1.0  # RetinaNet's last layers are given features as large as the first ones
# The largest networks amplify more, and the scores of their finds would all come to 1.
_LARGE, _FACTOR_OF_LARGE, _SPREAD_OF_LARGE = 50_000_000, 0.2, 4.0


@dataclass
class SmallTrial:
    """An epoch of two steps without a break, its outputs, and the same epoch cut off between its steps and resumed.

    The table is made on the CPU, where resuming is exact. `changes` are of the run's parameters.
    """

    case: Case
    folder: Path
    is_short: bool = False
    device: str = "cpu"
    changes: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def run(self) -> RunDocument:
        return write_run(self.case, self.folder, self.is_short, **self.changes)

    @cached_property
    def session(self) -> OpenSession:
        session = self._open(self.run)
        with session.events:
            session.carry_out()
        return session

    @cached_property
    def predictor(self) -> Predictor[Any]:
        return Predictor.load(self.run.output_dir / "outputs" / "mlflow-model", "cpu")

    def read_end(self) -> dict[str, Tensor]:
        """The network at the end of the epoch, as the unbroken run put it down."""
        content = torch.load(self.run.checkpoint_dir / "checkpoint-1.pt", weights_only=True, mmap=True)
        weights: dict[str, Tensor] = content["module"]
        return weights

    def resume(self) -> tuple[Trainer, list[dict[str, Any]]]:
        """The same run stopped after its first step, as by SIGTERM, and taken up again; with all events of it."""
        for name in ("session", "predictor"):  # two large networks may not fit side by side
            self.__dict__.pop(name, None)
        places = {"checkpoint_dir": self.folder / "resumed", "events_path": self.folder / "resumed.jsonl"}
        run = self.run.model_copy(update=places)
        self._stop_after_a_step(run)
        session = self._open(run.model_copy(update={"resume_from": run.checkpoint_dir / "checkpoint-0.pt"}))
        with session.events:
            session.prepare()
            session.trainer.fit()
        return session.trainer, read_events(run.events_path)[0]

    def _stop_after_a_step(self, run: RunDocument) -> None:
        session = self._open(run)
        session.stop.reason = "SIGTERM"
        with session.events:
            session.prepare()
            try:
                session.trainer.fit()
            except StoppedError:
                return
        raise AssertionError("the run was not stopped")

    def _open(self, run: RunDocument) -> OpenSession:
        alone = ProcessGroup(0, 0, 1, torch.device(self.device))
        return OpenSession(run, alone, EventWriter(run.events_path), StopRequest())


@dataclass
class OpenSession(Session):
    """A session as every training process has one, whose parts stay in sight."""

    parts: list[tuple[Trainer, Built, Splits]] = field(default_factory=list)

    def prepare(self) -> tuple[Trainer, Built, Splits]:
        self.parts = [super().prepare()]
        _settle(*self.parts[0])
        return self.parts[0]

    @property
    def trainer(self) -> Trainer:
        return self.parts[0][0]

    @property
    def splits(self) -> Splits:
        return self.parts[0][2]


def _settle(trainer: Trainer, built: Built, splits: Splits) -> None:
    """Give batch normalisation the statistics of the images to validate, and let training hardly move them.

    With those of a network that saw a few images only, all images come out the same or the scores overflow.
    """
    norms = [part for part in built.module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    if norms and trainer.state.step == 0:
        with torch.no_grad():
            if isinstance(built.module, DetectionNetwork) and not built.is_transformer:
                _tell_apart(built)
            _normalise(norms, trainer, splits)
        if trainer.average:
            trainer.average.module.load_state_dict(built.module.state_dict())
    for part in norms:
        part.momentum = _SETTLED


def _tell_apart(built: Built) -> None:
    """Let the heads find some places far more probable than others: of equals any may come first."""
    parts = dict(built.module.named_modules())
    spread = _choose_spread(built.module)
    for weight in [getattr(parts.get(name), "weight", None) for name in built.heads]:
        if weight is not None:
            nn.init.normal_(weight, std=spread * weight[0].numel() ** -0.5)


def _choose_spread(network: nn.Module) -> float:
    if isinstance(network, FocalNetwork):
        return _SPREAD_OF_TOWERS
    return _SPREAD_OF_LARGE if _is_large(network) else _SPREAD


def _normalise(norms: list[nn.modules.batchnorm._BatchNorm], trainer: Trainer, splits: Splits) -> None:
    """Small factors keep what a block adds small, and no channel without signal is blown up: else a deep network at
    random amplifies what is rounded, and two runtimes cannot be compared."""
    for part in norms:
        part.momentum = 1.0
        part.weight.mul_(_FACTOR_OF_LARGE if _is_large(trainer.module) else _FACTOR)
    images = splits.validation.dataset
    batch = trainer.task.collate([images[0, place] for place in range(len(splits.validation.rows))])
    trainer.task.training_step(trainer.module.train(), batch)
    for part in norms:
        part.running_var.clamp_(min=float(part.running_var.mean()) * _LEAST_VARIANCE)


def _is_large(network: nn.Module) -> bool:
    return sum(weight.numel() for weight in network.parameters()) > _LARGE
