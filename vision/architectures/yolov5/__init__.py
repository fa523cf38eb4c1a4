"""YOLOv5 in its five sizes, for boxes or for masks, of ultralytics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from vision.architectures.built import Built
from vision.architectures.download import download_file
from vision.architectures.yolov5.library import ASSETS
from vision.architectures.yolov5.masks import YoloV5Masks, read_start
from vision.architectures.yolov5.network import YoloV5
from vision.catalog.weights_lookup import OnProgress

__all__ = ["YoloV5", "YoloV5Masks", "build_yolov5", "build_yolov5_masks", "download_yolov5"]

_BACKBONE_LAYERS = 10


def build_yolov5(num_classes: int, options: Mapping[str, Any]) -> Built:
    """YOLOv5 of `model_size` nano, small, medium (unless told), large or extra_large."""
    return _describe(YoloV5(_read_size(options), num_classes))


def build_yolov5_masks(num_classes: int, options: Mapping[str, Any]) -> Built:
    """The same for masks."""
    module = YoloV5Masks(_read_size(options), num_classes)
    return replace(_describe(module), read_start=partial(read_start, module.mask_parts))


def download_yolov5(network: str, folder: Path, on_progress: OnProgress) -> Path:
    """The COCO weights of `network` (`yolov5n`…), from where ultralytics itself fetches them.

    The file is a pickled network: `vision.architectures.pickled` takes its tensors and nothing else.
    """
    return download_file(f"{ASSETS}/{network}u.pt", folder, on_progress)


def _read_size(options: Mapping[str, Any]) -> str:
    return str(options.get("model_size") or "medium")


def _describe(module: YoloV5) -> Built:
    last = len(module.model) - 1
    return Built(
        module=module,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        interpolation="bilinear",
        freeze_groups=[[f"model.{index}"] for index in range(_BACKBONE_LAYERS)],
        cam_layer=None,
        is_transformer=False,
        heads=tuple(f"model.{last}.cv3.{level}.2" for level in range(len(module.head.cv3))),
    )
