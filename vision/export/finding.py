"""A network that finds objects, as a graph of plain tensors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from vision.architectures.detection import DetectionNetwork, Detections
from vision.export.onnx_file import Colours, Graph

_ASPECT = 4 / 3  # of the canvas of a network that takes any size: that of most cameras


@dataclass(frozen=True)
class Canvas:
    """The one size of image that the file takes: the picture is scaled down to it, the rest is filled. `stretched_to`:
    the picture is first brought to a square of that side."""

    width: int
    height: int
    fill: tuple[int, int, int]
    stretched_to: int = 0

    def place(self, pixels: np.ndarray) -> tuple[Tensor, tuple[float, float]]:
        """uint8 [h, w, 3] as float32 [1, 3, height, width] in 0–255, and the scales of x and y."""
        height, width = pixels.shape[:2]
        scale = min(1.0, self.width / width, self.height / height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        scaled = pixels
        if size != (width, height):
            scaled = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))
        canvas = np.empty((self.height, self.width, 3), dtype=np.uint8)
        canvas[:] = self.fill
        canvas[: size[1], : size[0]] = scaled
        return torch.from_numpy(canvas).permute(2, 0, 1)[None].float(), (size[0] / width, size[1] / height)

    def describe(self) -> str:
        """What a client does with the picture."""
        side = self.stretched_to
        if side == self.width == self.height:
            return f"stretched to {side} x {side} px"
        how = f"stretched to {side} x {side} px in" if side else "scaled down to fit"
        return f"{how} {self.width} x {self.height} px at the top left, the rest filled with {list(self.fill)}"


def choose_canvas(kind: str, side: int, stride: int, fill: tuple[int, int, int]) -> Canvas:
    """A square for networks that see squares; else `side` high and a third wider. Sides are multiples of `stride`."""
    high = _round_up(side, stride)
    if kind != "shorter_side":
        return Canvas(high, high, fill, side if kind == "stretch" else 0)
    return Canvas(_round_up(side * _ASPECT, stride), high, fill)


class FindingGraph(nn.Module):
    """One image float32 [1, 3, H, W] to `boxes` [n, 4] (xyxy in its px), `labels` int64 [n] from 0, `scores` [n], and
    where the network has them `masks` [n, h, w]. The network's `limits` become part of the graph."""

    def __init__(self, network: DetectionNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        sizes = torch.tensor([list(images.shape[-2:])], device=images.device)
        (found,) = self.network(images, sizes).detections
        answer = (found.boxes, found.labels, found.scores)
        return answer if found.masks is None else (*answer, found.masks)


def finding_graph(network: DetectionNetwork, colours: Colours, canvas: Canvas, facts: dict[str, object]) -> Graph:
    """`input1` float32 [1, 3, H, W], RGB as `colours` says, to the outputs of `FindingGraph`. Source: SPEC §3.5.

    The size is fixed: a traced detector keeps the anchors of the size it was traced at.
    """
    outputs = ("boxes", "labels", "scores") + (() if network.mask_frame is None else ("masks",))
    return Graph(
        module=colours.wrap(FindingGraph(network)),
        example=torch.zeros(1, 3, canvas.height, canvas.width),
        outputs=outputs,
        free_axes={name: {0: "objects"} for name in outputs},
        facts={
            **facts,
            **_describe_masks(network),
            "input": f"RGB, {canvas.describe()}, {colours.describe()}",
            "output": "boxes x1, y1, x2, y2 in px of the input; labels count from 0",
        },
    )


def _describe_masks(network: DetectionNetwork) -> dict[str, object]:
    if network.mask_frame is None:
        return {}
    if network.mask_frame == "box":
        return {"masks": "the chance that a point belongs to the object, over its box"}
    every = f", a value every {network.mask_stride} px" if network.mask_stride > 1 else ""
    return {
        "masks": f"the chance that a point belongs to the object, over the input{every}; outside its box it is none"
    }


def read_answer(answer: tuple[Tensor, ...], scales: tuple[float, float]) -> Detections:
    """What the graph answered, its boxes in px of the picture before it was scaled to the canvas."""
    boxes = answer[0].float() / torch.tensor([*scales, *scales])
    return Detections(boxes, answer[1].long(), answer[2].float(), answer[3] if len(answer) > 3 else None)


def _round_up(value: float, stride: int) -> int:
    return int(-(-value // stride) * stride)
