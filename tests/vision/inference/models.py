"""Packaged models to test with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from vision.architectures import build_architecture
from vision.inference.packaging import ModelCard, save_mlflow_model
from vision.inference.preprocessing import to_pixels
from vision.spec.settings import ClassificationSettings

LABELS = ["bolt", "nut", "Unterlegscheibe"]


def make_model(folder: Path, architecture="mobilenetv2", seed=1, task_type="image_classification", **settings) -> Path:
    """A network at random in an MLflow model. Small crops unless told otherwise."""
    torch.manual_seed(seed)
    built = build_architecture(architecture, len(LABELS))
    _settle(built.module, 224 if built.is_transformer else 64)
    card = ModelCard(
        task_type=task_type,
        architecture=architecture,
        label_names=LABELS,
        mean=built.mean,
        std=built.std,
        interpolation=built.interpolation,
        metrics={"accuracy": 0.9},
        trained_at="2026-01-01T00:00:00Z",
    )
    sizes = {"train_crop_size": 64, "valid_resize_size": 72, "valid_crop_size": 64, **settings}
    save_mlflow_model(folder, built.module.state_dict(), card, ClassificationSettings(**sizes))
    return folder


@torch.no_grad()
def _settle(network: torch.nn.Module, side: int) -> None:
    """Batch statistics of real values: with those of a fresh network every image comes out the same."""
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.momentum = 1.0
    images = torch.stack([to_pixels(make_image(seed, (side, side))) for seed in range(8)])
    network.train()(images.float() / 128 - 1)


def make_image(seed=0, size=(120, 90)) -> Image.Image:
    """Soft coloured spots."""
    spots = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    return Image.fromarray(spots).resize(size, Image.Resampling.BICUBIC)
