"""The training images of a detector: decoded as large as their views need, and seen at random."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vision.catalog.architectures import ARCHITECTURES
from vision.inference.fitting import choose_fitting
from vision.inference.tiling import choose_tiling
from vision.spec.settings import pick_settings
from vision.tasks.detection.augmentation import make_view
from vision.tasks.detection.datasets import ShrunkDecoder, TrainingImages
from vision.tasks.detection.labels import SplitLabels
from vision.training.inputs.source import Decoder, ImageSource, ReducedDecoder

_DETAIL = 1.5  # how many times the network's size decoded images keep, for views that enlarge a part of them


def make_training_images(
    labels: SplitLabels, task_type: str, architecture: str, parameters: Mapping[str, Any], cache_dir: Path, seed: int
) -> TrainingImages:
    """The images of the labelled rows as the resolved parameters have a network of that architecture see them."""
    kind = ARCHITECTURES.get(architecture, task_type).fitting
    settings = pick_settings(parameters, architecture, task_type)
    fitting, tiling = choose_fitting(kind, settings), choose_tiling(settings)
    view = make_view(kind, parameters, fitting.side)
    detail = fitting.side * _DETAIL * (tiling.magnification if tiling else 1)
    decoder: Decoder = ReducedDecoder(math.ceil(detail))
    if view.fitting and not tiling:
        decoder = ShrunkDecoder(view.fitting, decoder)
    source = ImageSource(labels.rows, decoder, cache_dir)
    return TrainingImages(source, labels, view, fitting, seed, tiling)
