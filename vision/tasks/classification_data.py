"""Labelled images for classification, as the loader's workers prepare them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from vision.training.inputs.augmentation import Augmentation, choose_augmentation, crop_and_flip, random_colours
from vision.training.inputs.batches import SampleKey
from vision.training.inputs.loader import Batch
from vision.training.inputs.rows import ImageRows
from vision.training.inputs.source import ImageSource, ReducedDecoder


@dataclass(frozen=True)
class Sample:
    """One image uint8 [crop, crop, 3], its target and place in the split, and its colour jitter [3, 4] if any.

    `target` is one row of the task's targets: a class int64 [], or which labels are there, uint8 [C].
    """

    pixels: np.ndarray
    target: np.ndarray
    index: int
    colours: np.ndarray | None = None


@dataclass
class AugmentedImages(Dataset[Sample]):
    """Random views: the same for the same seed, epoch and index, in whichever process and order."""

    source: ImageSource
    targets: np.ndarray
    crop: int
    resize: int
    interpolation: str
    augmentation: Augmentation
    seed: int

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, key: SampleKey) -> Sample:
        epoch, index = key
        random = Random(f"{self.seed}/{epoch}/{index}")
        pixels = self.source[index]
        view = crop_and_flip(pixels, self.crop, self.resize, self.interpolation, self.augmentation, random)
        return Sample(view, self.targets[index], index, random_colours(view, self.augmentation, random))


def make_training_images(
    rows: ImageRows, targets: np.ndarray, parameters: Mapping[str, Any], interpolation: str, cache_dir: Path, seed: int
) -> AugmentedImages:
    """The images of the rows as the resolved parameters have training see them; `targets` as `Sample` has them."""
    crop, resize = int(parameters["training_crop_size"]), int(parameters["validation_resize_size"])
    # Twice the crop: even the smallest crop of the standard augmentation then loses no detail.
    source = ImageSource(rows, ReducedDecoder(max(resize, 2 * crop)), cache_dir)
    return AugmentedImages(source, targets, crop, resize, interpolation, choose_augmentation(parameters), seed)


@dataclass
class CentredImages(Dataset[Sample]):
    """Images as inference sees them."""

    source: ImageSource
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, key: SampleKey) -> Sample:
        _, index = key
        return Sample(self.source[index], self.targets[index], index)


def collate_samples(samples: Sequence[Sample]) -> Batch:
    """`images` uint8 [B, H, W, 3], `labels` [B] or [B, C] as the samples' targets, `indices` int64 [B].

    In training also `colours` float32 [B, 3, 4].
    """
    batch = {
        "images": torch.from_numpy(np.stack([sample.pixels for sample in samples])),
        "labels": torch.from_numpy(np.stack([sample.target for sample in samples])),
        "indices": torch.tensor([sample.index for sample in samples]),
    }
    colours = [sample.colours for sample in samples if sample.colours is not None]
    if colours:
        batch["colours"] = torch.from_numpy(np.stack(colours))
    return batch
