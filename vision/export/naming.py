"""A classifier as a graph of plain tensors."""

from __future__ import annotations

import torch
from torch import nn

from vision.export.onnx_file import Colours, Graph

INPUT, OUTPUT = "input1", "output1"


def naming_graph(module: nn.Module, colours: Colours, crop: int, resize: int, facts: dict[str, object]) -> Graph:
    """`input1` float32 [B, 3, crop, crop], RGB as `colours` says, to `output1`, logits [B, C]. Source: SPEC §3.5."""
    prepare = f"RGB, shorter side to {resize} px, the middle {crop} px square, {colours.describe()}"
    return Graph(
        module=colours.wrap(module),
        example=torch.zeros(2, 3, crop, crop),
        outputs=(OUTPUT,),
        free_axes={INPUT: {0: "batch"}, OUTPUT: {0: "batch"}},
        facts={**facts, "input": prepare, "output": "logits, one column a label"},
        input_name=INPUT,
    )
