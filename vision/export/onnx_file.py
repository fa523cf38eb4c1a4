"""Writing a network as ONNX, and running the file to see that it answers as the network does."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

OPSET = 17


@dataclass(frozen=True)
class Graph:
    """What is written: `module` maps `example` (float32 [B, 3, H, W], RGB) to the tensors named in `outputs`.

    `free_axes` names, for the input and each output, the axes whose length is not fixed. `facts` are written into the
    file: what a client must know to prepare its images and read the answer.
    """

    module: nn.Module
    example: Tensor
    outputs: tuple[str, ...]
    free_axes: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    input_name: str = "input1"


@dataclass(frozen=True)
class Colours:
    """`mean` and `std` of RGB in 0–1, as in training. `inside`: the file normalises, else its client does."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    inside: bool = True

    def wrap(self, module: nn.Module) -> nn.Module:
        """The network as it goes into the file."""
        return WithNormalisation(module, self.mean, self.std) if self.inside else module

    def prepare(self, pixels: Tensor) -> Tensor:
        """Values 0–255, float32 [B, 3, H, W], as the file wants them."""
        if self.inside:
            return pixels
        shape = (1, 3, 1, 1)
        return (pixels / 255 - torch.tensor(self.mean).view(shape)) / torch.tensor(self.std).view(shape)

    def describe(self) -> str:
        """What a client does with the values."""
        if self.inside:
            return "values 0-255: normalisation is inside"
        return f"values / 255, less {list(self.mean)}, over {list(self.std)}"


class WithNormalisation(nn.Module):
    """A network behind (pixels / 255 − mean) / std, so that a client sends plain pixel values."""

    scale: Tensor
    shift: Tensor

    def __init__(self, module: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.module = module
        self.register_buffer("scale", (1 / (255 * torch.tensor(std))).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("shift", (torch.tensor(mean) / torch.tensor(std)).view(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor | tuple[Tensor, ...]:
        answer: Tensor | tuple[Tensor, ...] = self.module(pixels * self.scale - self.shift)
        return answer


def write_onnx(graph: Graph, path: Path) -> None:
    """Write `graph` to `path`, whole or not at all. The network is traced on the CPU, in evaluation mode.

    The exporter is torch's tracing one: the newer one fails for torchvision's two-stage detectors.
    """
    import onnx

    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.tmp")
    try:
        with warnings.catch_warnings(), torch.no_grad():
            # It warns that it is old, and at each shape that it takes for a constant.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                graph.module.eval(),
                (graph.example,),
                str(draft),
                input_names=[graph.input_name],
                output_names=list(graph.outputs),
                dynamic_axes={name: dict(axes) for name, axes in graph.free_axes.items()},
                opset_version=OPSET,
                dynamo=False,
            )
        model = onnx.load(str(draft))
        _narrow_grids(model)
        onnx.helper.set_model_props(model, {name: _as_text(value) for name, value in graph.facts.items()})
        onnx.save(model, str(draft))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@dataclass(frozen=True)
class OnnxRunner:
    """An ONNX file ready to run on the CPU: pixels float32 [B, 3, H, W] in 0–255 to its outputs, in their order."""

    path: Path
    threads: int = 0

    def __post_init__(self) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(str(self.path), options, providers=["CPUExecutionProvider"])
        object.__setattr__(self, "_session", session)

    def __call__(self, pixels: np.ndarray) -> list[np.ndarray]:
        session = self.__dict__["_session"]
        answer: list[np.ndarray] = session.run(None, {session.get_inputs()[0].name: pixels})
        return answer


def _narrow_grids(model: Any) -> None:
    """Sampling at places in float32: the tracer makes places that are worked out from sizes alone float64, which
    onnxruntime does not sample at."""
    import onnx

    nodes: list[Any] = []
    for node in model.graph.node:
        if node.op_type == "GridSample":
            grid = f"{node.input[1]}/{len(nodes)}/float32"
            nodes.append(onnx.helper.make_node("Cast", [node.input[1]], [grid], to=onnx.TensorProto.FLOAT))
            node.input[1] = grid
        nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
