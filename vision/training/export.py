"""The trained network as ONNX, and whether the file answers as the network does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vision.architectures import build_architecture
from vision.architectures.undrawn import undrawn
from vision.export.onnx_file import OnnxRunner, write_onnx
from vision.tasks.base import Answer, Outputs, SplitImages, Task
from vision.training.run_document import RunDocument
from vision.training.state import Weights

_TOLERANCE = 0.005  # of a metric in 0–1: a score on the edge of a threshold may fall to either side


@dataclass(frozen=True)
class Agreement:
    """The primary metric of the network and of the file over the same validation images."""

    metric: str
    images: int
    network: float | None
    file: float | None

    @property
    def holds(self) -> bool:
        if self.network is None or self.file is None:
            return self.network is self.file
        return abs(self.network - self.file) <= _TOLERANCE

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "holds": self.holds, "message": self.describe()}

    def describe(self) -> str:
        images = f"{self.images} validation image{'' if self.images == 1 else 's'}"
        if self.network is None or self.file is None:
            return f"model.onnx answers {images}; {self.metric} is undefined on them."
        verb = "as the network does" if self.holds else "NOT as the network does"
        figures = f"{self.metric} {self.file:.4f}, the network's {self.network:.4f}"
        return f"model.onnx answers {images} {verb}: {figures}."


def export_onnx(
    run: RunDocument, task: Task, options: Mapping[str, Any], weights: Weights, images: SplitImages, path: Path
) -> Agreement:
    """Write the network with `weights` to `path`, run the file on validation images, and compare. `options` are those
    that the network was built with.

    Raises:
        Exception: whatever the exporter raises for a network it cannot trace.
    """
    with undrawn():
        module = build_architecture(run.architecture, len(run.label_names), options, run.task_type).module
    module.load_state_dict(weights)
    graph = task.export_graph(module.eval())
    write_onnx(graph, path)
    chosen = _choose(len(images.rows), task.exported_images)
    network = _score(task, _as_answer(graph.module), images, chosen)
    file = _score(task, _run_file(OnnxRunner(path)), images, chosen)
    return Agreement(run.primary_metric, len(chosen), network.get(run.primary_metric), file.get(run.primary_metric))


def _choose(count: int, most: int) -> list[int]:
    """At most `most` places, evenly spread."""
    return sorted({int(place) for place in np.linspace(0, count - 1, min(count, most))})


def _score(task: Task, answer: Answer, images: SplitImages, chosen: Sequence[int]) -> dict[str, float | None]:
    outputs: list[Outputs] = []
    with torch.inference_mode():
        for place in chosen:
            outputs.append(task.exported_step(answer, task.collate([images.dataset[0, place]])))
    return task.evaluate(outputs, images.rows, "validation").metrics


def _as_answer(module: nn.Module) -> Answer:
    def answer(pixels: Tensor) -> tuple[Tensor, ...]:
        given = module(pixels)
        return (given,) if isinstance(given, Tensor) else tuple(given)

    return answer


def _run_file(runner: OnnxRunner) -> Callable[[Tensor], tuple[Tensor, ...]]:
    return lambda pixels: tuple(torch.from_numpy(values) for values in runner(pixels.numpy()))
