"""What networks with queries have in common, whether they find boxes or masks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, distributed
from transformers import PreTrainedModel

from vision.architectures.detection import DetectionNetwork, Detections, NetworkOutput, Targets


class HubFinder(DetectionNetwork):
    """A network of transformers as one that finds objects. Its loss is one number, `matching`: the library's sum of
    classes, boxes or masks over every layer that answers."""

    loss_limit = 1e5  # some begin in the thousands: every layer counts, and nothing is near anything yet
    stride = 32

    def __init__(self, network: PreTrainedModel) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor, sizes: Tensor, targets: Targets | None = None) -> NetworkOutput:
        if self.training and targets is None:
            raise ValueError("Training needs targets.")
        frame = (int(images.shape[-2]), int(images.shape[-1]))
        labels = {} if targets is None else self._list_labels(targets, len(images), frame)
        answer, loss = self._run(images, labels)
        losses = {} if loss is None else {"matching": loss + self._touch_every_weight()}
        if self.training:
            return NetworkOutput(losses)
        return NetworkOutput(losses, self._decode(answer, sizes.tolist(), frame))

    def _run(self, images: Tensor, labels: dict[str, Any]) -> tuple[Any, Tensor | None]:
        """What the library answers, and where labels are given the loss."""
        answer: Any = self.network(pixel_values=images, return_dict=True, **labels)
        return answer, answer.loss

    @abstractmethod
    def _list_labels(self, targets: Targets, count: int, frame: tuple[int, int]) -> dict[str, Any]:
        """The targets of `count` images as the library's forward pass takes them; `frame` is height and width."""

    @abstractmethod
    def _decode(self, answer: Any, sizes: list[list[int]], frame: tuple[int, int]) -> list[Detections]:
        """What was found in each image, of which `sizes` is the picture's height and width."""

    def _touch_every_weight(self) -> Tensor | float:
        """Nothing, in which every weight has a part: processes that train together wait for a gradient of each, and
        some are not used in every batch, or never."""
        if not self.training or not distributed.is_initialized():
            return 0.0
        return torch.stack([weight.sum() for weight in self.parameters() if weight.requires_grad]).sum() * 0.0


def select_best(scores: Tensor, limits_per_image: int, lowest: float, has_background: bool) -> tuple[Tensor, ...]:
    """Of probabilities [queries, C] the best: their queries, labels and scores, best first.

    A query stands for its likeliest class where the classes compete (`has_background`), else for any number of them.
    """
    if has_background:
        best, labels = scores.max(dim=1)
        kept, queries = best.topk(min(limits_per_image, int(best.shape[0])))
        labels = labels[queries]
    else:
        classes = int(scores.shape[1])
        kept, places = scores.flatten().topk(min(limits_per_image, int(scores.shape[0]) * classes))
        queries, labels = places // classes, places % classes
    chosen = (kept >= lowest).nonzero()[:, 0]
    return queries[chosen], labels[chosen], kept[chosen]


def widen(value: Any) -> Any:
    """The numbers in lists, tuples and dictionaries, however nested, as float32: a loss in half of that drowns."""
    if isinstance(value, Tensor):
        return value.float() if value.is_floating_point() else value
    if isinstance(value, Mapping):
        return {name: widen(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(widen(part) for part in value)
    return value
