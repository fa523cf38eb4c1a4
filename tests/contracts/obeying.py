"""Ways to see that a parameter is obeyed: each looks at what one change of it does to a real, tiny run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest
import torch
from PIL import Image

from tests.vision.training.namers import NAME
from tests.vision.training.object_runs import make_object_run
from tests.vision.training.runs import fit, make_run
from vision.architectures import build_architecture
from vision.inference.card import ModelCard
from vision.inference.detection import DetectionPredictor
from vision.spec.resolve import DataFacts, Machine, resolve_parameters
from vision.tasks.base import Task, make_task
from vision.training.distributed import join_group
from vision.training.event_log import EventWriter
from vision.training.inputs.rows import read_rows
from vision.training.interrupt import StopRequest
from vision.training.loop import Trainer
from vision.training.run_document import RunDocument
from vision.training.session import Session

OBJECTS = ("tiny_boxes", "tiny_square", "tiny_masks")
_CHANCES_SPREAD = 15.0  # so that the scores of an untrained network lie on both sides of a threshold


@dataclass
class Lab:
    """Folders for runs, and what runs have shown before."""

    make_folder: Callable[[], Path]
    known: dict[str, Any] = field(default_factory=dict)

    def run(self, network: str = NAME, **changes: Any) -> RunDocument:
        """A run document over a dozen images; `labels` are numbers of images by class."""
        if network in OBJECTS:
            return make_object_run(self.make_folder(), network, images=4, masks=network == "tiny_masks", **changes)
        images = {} if "labels" in changes else {"images": 4}
        return make_run(self.make_folder(), architecture=network, **images, **changes)

    def fit(self, network: str = NAME, **changes: Any) -> dict[int, dict[str, float]]:
        """The metrics of a run by epoch."""
        return self._once("fit", network, changes, lambda: fit(self.run(network, **changes)))

    def prepare(self, network: str = NAME, **changes: Any) -> Trainer:
        """A trainer before its first step."""
        run = self.run(network, **changes)
        with EventWriter(run.events_path) as events:
            return Session(run, join_group(), events, StopRequest()).prepare()[0]

    def score(self, network: str, **changes: Any) -> dict[str, float | None]:
        """The metrics of a network that finds something everywhere."""
        task, module, run = self._make(network, changes)
        rows = read_rows(run.validation, run.images_dir)
        images = task.evaluation_images(rows).dataset
        with torch.inference_mode():
            outputs = [task.evaluation_step(module, task.collate([images[0, index]])) for index in range(len(rows))]
        return task.evaluate(outputs, rows, "validation").metrics

    def predict(self, network: str, **changes: Any) -> list[Any]:
        """The answers of the packaged model of a network that finds something everywhere."""
        return self._once("predict", network, changes, lambda: self._predict(network, changes))

    def _predict(self, network: str, changes: dict[str, Any]) -> list[Any]:
        task, module, run = self._make(network, changes)
        built = build_architecture(network, len(run.label_names), run.parameters)
        built.module.load_state_dict(module.state_dict())
        card = ModelCard(
            task_type=run.task_type,
            architecture=network,
            label_names=run.label_names,
            mean=built.mean,
            std=built.std,
            interpolation=built.interpolation,
        )
        built.module.eval()
        predictor = DetectionPredictor(built, card, task.inference_settings(), torch.device("cpu"))
        rows = read_rows(run.validation, run.images_dir)
        return predictor.predict([Image.open(rows.blob(index)) for index in range(len(rows))])

    def _make(self, network: str, changes: dict[str, Any]) -> tuple[Task, torch.nn.Module, RunDocument]:
        run = self.run(network, **changes)
        torch.manual_seed(1)
        built = build_architecture(network, len(run.label_names), run.parameters)
        torch.nn.init.normal_(built.module.classes.weight, std=_CHANCES_SPREAD)
        return make_task(run, built), built.module.eval(), run

    def _once(self, kind: str, network: str, changes: dict[str, Any], look: Callable[[], Any]) -> Any:
        key = f"{kind} {network} {sorted(changes.items())!r}"
        if key not in self.known:
            self.known[key] = look()
        return self.known[key]


class Proof(Protocol):
    def check(self, lab: Lab, name: str) -> None: ...


@dataclass(frozen=True)
class Fits:
    """Training with `value` tells other metrics; `situation` are parameters where it shows."""

    value: Any
    network: str = NAME
    situation: Mapping[str, Any] = field(default_factory=dict)

    def check(self, lab: Lab, name: str) -> None:
        assert lab.fit(self.network, **self.situation) != lab.fit(self.network, **self.situation | {name: self.value})


@dataclass(frozen=True)
class Predicts:
    """The model that is left behind answers otherwise."""

    value: Any
    network: str = "tiny_boxes"
    situation: Mapping[str, Any] = field(default_factory=dict)

    def check(self, lab: Lab, name: str) -> None:
        before = lab.predict(self.network, **self.situation)
        assert any(answer["boxes"] for answer in before)
        assert before != lab.predict(self.network, **self.situation | {name: self.value})


@dataclass(frozen=True)
class Scores:
    """A network is scored otherwise."""

    value: Any
    network: str = "tiny_boxes"

    def check(self, lab: Lab, name: str) -> None:
        assert lab.score(self.network) != lab.score(self.network, **{name: self.value})


@dataclass(frozen=True)
class Builds:
    """Another network is built: `look` sees it."""

    value: Any
    network: str
    look: Callable[[torch.nn.Module], Any]

    def check(self, lab: Lab, name: str) -> None:
        seen = [self.look(build_architecture(self.network, 3, options).module) for options in ({}, {name: self.value})]
        assert seen[0] != seen[1]


@dataclass(frozen=True)
class Settles:
    """The parameter `target` is settled to `expected`, and not without it."""

    value: Any
    target: str
    expected: Any
    situation: Mapping[str, Any] = field(default_factory=dict)

    def check(self, lab: Lab, name: str) -> None:
        def settle(**changes: Any) -> Any:
            given = {**self.situation, **changes}
            facts, machine = DataFacts(400, 40, 4, 50), Machine(2, 2**32, ())
            return resolve_parameters("image_classification", given, facts, machine).values[self.target]

        assert settle() != self.expected
        assert settle(**{name: self.value}) == self.expected


@dataclass(frozen=True)
class Shows:
    """Something else, in words of its own."""

    look: Callable[[Lab], None]

    def check(self, lab: Lab, name: str) -> None:
        self.look(lab)


def explain_missing(name: str) -> None:
    pytest.fail(f"{name} has no proof that it is obeyed: add one to the table of this file.")
