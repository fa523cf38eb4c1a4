"""What is said of an image, by the network in validation, its MLflow model and its ONNX file, as tensors to compare."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional

from tests.architecture_table.documents import VALIDATED
from tests.architecture_table.trial import SmallTrial
from vision.data.masks import fill_rings
from vision.export.onnx_file import OnnxRunner

Answer = tuple[Tensor, ...]
"""Tensors [n, ...] whose rows belong together: probabilities or logits [1, C], or what is said of n finds."""
_CORNERS = ("topX", "topY", "bottomX", "bottomY")
_GRID = 100  # points on a side of an image, to measure the area of a mask


def read_row(row: dict[str, Any]) -> Answer:
    """A row of `predictions.parquet`, whose boxes and polygons are in px."""
    if "probabilities" in row:
        return (torch.tensor([row["probabilities"]]),)
    sides = (row["width"], row["height"])
    found = json.loads(row["predictions"])
    boxes = [_divide(one["box"], sides) for one in found]
    masks = [[_divide(ring, sides) for ring in one["polygon"]] for one in found if "polygon" in one]
    return _join(boxes, found, masks)


def read_answer(answer: dict[str, Any]) -> Answer:
    """An element of a scoring response, in 0–1."""
    if "probs" in answer:
        return (torch.tensor([answer["probs"]]),)
    found = answer["boxes"]
    boxes = [[one["box"][name] for name in _CORNERS] for one in found]
    return _join(boxes, found, [one["polygon"] for one in found if "polygon" in one])


def _join(boxes: list[list[float]], found: Sequence[dict[str, Any]], masks: list[list[list[float]]]) -> Answer:
    """Boxes, scores, labels by the numbers of their letters, and the share of the image under each mask."""
    named = torch.tensor([[one["score"], *one["label"].encode()[:1]] for one in found])
    shares = [[fill_rings(rings, _GRID, _GRID).mean()] for rings in masks]
    return (torch.tensor(boxes).reshape(-1, 4), named, *([torch.tensor(shares)] if masks else []))


def _divide(values: Sequence[float], sides: tuple[int, int]) -> list[float]:
    return [value / sides[place % 2] for place, value in enumerate(values)]


def ask_both(trial: SmallTrial) -> list[tuple[Answer, Answer]]:
    """What the network and its ONNX file answer to each image that was validated, given the same pixels."""
    trainer, images = trial.session.trainer, trial.session.splits.validation
    network = trainer.task.export_graph(trainer.scored.eval()).module
    runner = OnnxRunner(trial.run.output_dir / "train_artifacts" / "model.onnx", threads=torch.get_num_threads())
    pairs = []
    with torch.inference_mode():
        for place in range(VALIDATED):
            batch = trainer.task.collate([images.dataset[0, place]])
            given: list[Tensor] = []
            trainer.task.exported_step(_keep(network, given), batch)
            pairs += [(_as_answer(network(one)), tuple(map(torch.from_numpy, runner(one.numpy())))) for one in given]
    return pairs


def _keep(network: Callable[[Tensor], Any], given: list[Tensor]) -> Callable[[Tensor], Answer]:
    def answer(pixels: Tensor) -> Answer:
        given.append(pixels)
        return _as_answer(network(pixels))

    return answer


def _as_answer(outputs: Tensor | tuple[Tensor, ...]) -> Answer:
    return (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)


def largest_difference(one: Answer, other: Answer) -> float:
    """The largest difference between two answers: between numbers in −1–1 as it is, between larger ones as a share of
    them. Infinite: not as many finds.

    Each row is compared with the nearest of the other answer, for finds that are about as probable may come in either
    order.
    """
    if [part.shape for part in one] != [part.shape for part in other]:
        return math.inf
    if not len(one[0]):
        return 0.0
    partners = _pair_rows(one, other)
    return max(_compare(part.float(), match[partners].float()) for part, match in zip(one, other, strict=True))


def _compare(one: Tensor, other: Tensor) -> float:
    return float(((one - other).abs() / one.abs().clamp(min=1)).max())


def _pair_rows(one: Answer, other: Answer) -> Tensor:
    """For each row the place of its own in the other answer, int64 [n]. Of masks, which are large, a rough picture
    counts."""
    rows, others = (torch.cat([_shorten(part.float()) for part in answer], dim=1) for answer in (one, other))
    return torch.from_numpy(linear_sum_assignment(torch.cdist(rows, others, p=math.inf))[1])


def _shorten(part: Tensor) -> Tensor:
    rough = part if part.ndim < 3 else functional.adaptive_avg_pool2d(part[:, None], 4)
    return rough.reshape(len(part), -1)
