"""The rules of optimizer and learning rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from vision.catalog.task_types import OBJECT_TASKS
from vision.spec.situation import Situation

Change = tuple[Any, str] | None
ADAFACTOR_TIMES = 20  # its steps are relative to the size of the weights, about a twentieth in pretrained networks


@dataclass(frozen=True)
class _Rate:
    """A learning rate at a batch size, and where it comes from."""

    rate: float
    batch: int
    source: str


_ADAM = _Rate(5e-4, 16, "mobilenetv2 reached the best accuracy measured (240 images)")
_TRANSFORMER = _Rate(5e-5, 16, "transformers are fine-tuned")
_RCNN_ADAM = _Rate(3e-4, 8, "R-CNNs were measured to learn, from scratch even,")
_QUERIES_ADAM = _Rate(1e-4, 8, "networks with queries learn")
_ADAM_BY_FAMILY = {
    "vit": _TRANSFORMER,
    "hub": _TRANSFORMER,
    "yolov5": _Rate(1e-3, 16, "YOLOv5 was measured to learn, from scratch even,"),
    "fasterrcnn": _RCNN_ADAM,
    "retinanet": _RCNN_ADAM,
    "maskrcnn": _RCNN_ADAM,
    "detr": _QUERIES_ADAM,
    "mask2former": _QUERIES_ADAM,
}
# For networks whose documented rate is AdamW's.
_SGD_BY_FAMILY = {
    "timm": _Rate(0.01, 78, "convolutional networks"),
    "hub": _Rate(0.0125, 48, "vision transformers"),
    "detr": _Rate(0.005, 2, "R-CNNs"),
    "mask2former": _Rate(0.005, 2, "R-CNNs"),
}


def choose_optimizer(situation: Situation) -> Change:
    if situation.task_type not in OBJECT_TASKS or not situation.is_from_scratch:
        return None
    if situation.documented("optimizer") == "adamw":
        return None
    return "adamw", (
        "Without pretrained weights: on rendered scenes YOLOv5 and R-CNNs were measured to learn from scratch with "
        "AdamW; SGD at its documented rate is meant for fine-tuning."
    )


def choose_rate(situation: Situation) -> Change:
    optimizer, documented = situation.values["optimizer"], situation.documented("optimizer")
    if optimizer == documented:
        return _scale_documented(situation)
    return _sgd_rate(situation) if optimizer == "sgd" else _adaptive_rate(situation)


def _scale_documented(situation: Situation) -> Change:
    documented, batch = situation.documented("training_batch_size"), _effective_batch(situation)
    if batch >= documented:
        return None
    is_sgd = situation.values["optimizer"] == "sgd"
    share = batch / documented if is_sgd else math.sqrt(batch / documented)
    why = "at the full rate a small batch destroys the pretrained features" if is_sgd else "by the root of their number"
    rate = _round(situation.documented("learning_rate") * share)
    return rate, f"Lowered with the batch, {batch} of {documented} images: {why}."


def _sgd_rate(situation: Situation) -> Change:
    known, batch = _SGD_BY_FAMILY[situation.architecture.family], _effective_batch(situation)
    return _round(known.rate * min(1.0, batch / known.batch)), (
        f"The documented rate is AdamW's; with SGD {known.source} take {known.rate:g} at {known.batch} images a batch, "
        f"here in proportion to {batch}."
    )


def _adaptive_rate(situation: Situation) -> Change:
    optimizer, batch = situation.values["optimizer"], _effective_batch(situation)
    known = _ADAM_BY_FAMILY.get(situation.architecture.family, _ADAM)
    times = ADAFACTOR_TIMES if optimizer == "adafactor" else 1
    rate = _round(known.rate * times * math.sqrt(batch / known.batch))
    relative = " (Adafactor's is relative to the size of the weights)" if times > 1 else ""
    return rate, (
        f"The documented rate is {situation.documented('optimizer').upper()}'s; {known.source} at "
        f"{known.rate * times:g}{relative} with {known.batch} images a batch, here with the root of {batch}."
    )


def _effective_batch(situation: Situation) -> int:
    return int(situation.values["training_batch_size"] * situation.values["gradient_accumulation_step"])


def _round(rate: float) -> float:
    return float(f"{rate:.3g}")
