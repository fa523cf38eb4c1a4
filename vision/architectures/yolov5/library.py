"""The one place that imports ultralytics: everything else takes its parts from here.

Its import looks names up in the network, writes settings (with telemetry switched on) to the home folder, sets
OMP_NUM_THREADS, and replaces `torch.save` and `PIL.Image.open`. Here it is told to stay offline, reads settings of
ours from a folder that is gone afterwards, and whatever else it changed in the process is put back.
"""

from __future__ import annotations

import inspect
import json
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image

__all__ = [
    "ASSETS",
    "NETWORKS",
    "DetectionModel",
    "SegmentationModel",
    "make_anchors",
    "read_yaml",
    "v8DetectionLoss",
    "v8SegmentationLoss",
]

# Sends usage, or switches on when a package of that name happens to be installed.
_INTEGRATIONS = ("sync", "clearml", "comet", "dvc", "mlflow", "raytune", "tensorboard", "wandb", "vscode_msg")
_ENVIRONMENT = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}
# With these set it waits for the other processes of a group while it reads its settings.
_RANKS = ("WORLD_SIZE", "RANK", "LOCAL_RANK")


@contextmanager
def _undisturbed() -> Iterator[None]:
    environment = dict(os.environ)
    threads = cv2.getNumThreads()
    save, open_image = torch.save, Image.open
    with tempfile.TemporaryDirectory(prefix="darkroom-ultralytics-") as folder, warnings.catch_warnings():
        settings = Path(folder) / "Ultralytics" / "settings.json"
        settings.parent.mkdir()
        settings.write_text(json.dumps(dict.fromkeys(_INTEGRATIONS, False)))
        for name in _RANKS:
            os.environ.pop(name, None)
        os.environ.update(_ENVIRONMENT, YOLO_CONFIG_DIR=folder)
        try:
            with np.printoptions():
                yield
        finally:
            torch.set_printoptions(profile="default")  # type: ignore[no-untyped-call]
            torch.save, Image.open = save, open_image
            cv2.setNumThreads(threads)
            os.environ.clear()
            os.environ.update(environment, **_ENVIRONMENT)


with _undisturbed():
    from ultralytics import utils
    from ultralytics.nn import tasks
    from ultralytics.utils import downloads, loss, tal

# Untyped in the library.
DetectionModel: Any = tasks.DetectionModel
SegmentationModel: Any = tasks.SegmentationModel
v8DetectionLoss: Any = loss.v8DetectionLoss  # noqa: N816
v8SegmentationLoss: Any = loss.v8SegmentationLoss  # noqa: N816
make_anchors: Any = tal.make_anchors
read_yaml: Any = utils.YAML.load

NETWORKS = utils.ROOT / "cfg" / "models" / "v5"
# Where it fetches weights from itself.
_RELEASE = inspect.signature(downloads.attempt_download_asset).parameters["release"].default
ASSETS = f"https://github.com/{downloads.GITHUB_ASSETS_REPO}/releases/download/{_RELEASE}"
