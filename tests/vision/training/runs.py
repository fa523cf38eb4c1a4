"""Small runs for tests: images of 40 px whose classes differ in colour, as blobs, Parquet and run documents."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from vision.training.distributed import join_group
from vision.training.event_log import EventWriter, read_events
from vision.training.interrupt import StopRequest
from vision.training.run_document import RunDocument
from vision.training.session import Session

COLOURS = {"amber": (220, 160, 40), "blue": (40, 70, 200), "green": (40, 160, 70)}

PARAMETERS: dict[str, Any] = {
    "model_name": "mobilenetv2",
    "number_of_epochs": 2,
    "training_batch_size": 8,
    "validation_batch_size": 8,
    "gradient_accumulation_step": 1,
    "early_stopping": True,
    "early_stopping_patience": 5,
    "early_stopping_delay": 5,
    "learning_rate": 0.01,
    "learning_rate_scheduler": "warmup_cosine",
    "step_lr_gamma": 0.5,
    "step_lr_step_size": 5,
    "warmup_cosine_lr_cycles": 0.45,
    "warmup_cosine_lr_warmup_epochs": 1,
    "optimizer": "sgd",
    "momentum": 0.9,
    "weight_decay": 1e-4,
    "nesterov": True,
    "beta1": 0.9,
    "beta2": 0.999,
    "ams_gradient": False,
    "evaluation_frequency": 1,
    "number_of_workers": 0,
    "random_seed": 3,
    "mixed_precision": "off",
    "pretrained": "none",
    "log_training_metrics": "disable",
    "log_validation_loss": "enable",
    "training_crop_size": 32,
    "validation_resize_size": 36,
    "validation_crop_size": 32,
    "weighted_loss": 0,
}


def make_run(folder: Path, images: int = 8, labels: Mapping[str, int] | None = None, **changes: Any) -> RunDocument:
    """A run in `folder` over `images` training images a class (or `labels`: how many of each), half as many validated.

    `changes` are parameters, or fields of the run document.
    """
    counts = dict(labels or dict.fromkeys(COLOURS, images))
    fields = {name: changes.pop(name) for name in list(changes) if name in RunDocument.model_fields}
    run = RunDocument(
        **{
            "task_type": "image_classification",
            "architecture": "mobilenetv2",
            "parameters": PARAMETERS | changes,
            "label_names": sorted(counts),
            "train": write_split(folder, "train", counts, seed=1),
            "validation": write_split(folder, "validation", {name: max(1, n // 2) for name, n in counts.items()}, 2),
            "images_dir": folder / "images",
            "cache_dir": folder / "cache",
            "output_dir": folder / "output",
            "checkpoint_dir": folder / "checkpoints",
            "events_path": folder / "events.jsonl",
            "primary_metric": "accuracy",
        }
        | fields
    )
    run.write(folder / "run.json")
    return run


def write_split(folder: Path, split: str, counts: Mapping[str, int], seed: int) -> Path:
    """Draw the images of a split into `folder/images/blobs` and list them in `folder/<split>.parquet`."""
    random = np.random.default_rng(seed)
    images = [
        (f"{label}-{number}.jpg", _draw(COLOURS[label], random), label)
        for label, count in counts.items()
        for number in range(count)
    ]
    return write_rows(folder, split, images)


Cell = str | list[str] | list[dict[str, Any]]


def write_rows(folder: Path, split: str, images: Iterable[tuple[str, Image.Image | bytes, Cell]]) -> Path:
    """Store (name, image or JPEG bytes, label cell) as blobs and rows; the cell is a name, a list of names or of
    objects."""
    rows = [
        _store(folder / "images", split, number, name, image if isinstance(image, bytes) else _encode(image), cell)
        for number, (name, image, cell) in enumerate(images)
    ]
    path = folder / f"{split}.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def make_multilabel_run(folder: Path, images: int = 24, **changes: Any) -> RunDocument:
    """A multi-label run: stripes of up to three colours on each image, every eighth without any."""
    fields = {"task_type": "image_classification_multilabel", "label_names": sorted(COLOURS), "primary_metric": "iou"}
    run = make_run(folder, images=1, **(fields | changes))
    write_stripes(folder, "train", images, seed=1)
    write_stripes(folder, "validation", images // 2, seed=2)
    return run


def write_stripes(folder: Path, split: str, images: int, seed: int) -> Path:
    """Image n has the colours of n's last three bits."""
    random = np.random.default_rng(seed)
    cells = [[name for bit, name in enumerate(COLOURS) if number >> bit & 1] for number in range(images)]
    return write_rows(folder, split, [(f"{n}.jpg", _stripes(cell, random), cell) for n, cell in enumerate(cells)])


def _stripes(names: list[str], random: np.random.Generator) -> Image.Image:
    pixels = random.normal(110, 40, (40, 48, 3))
    for place, name in enumerate(names):
        pixels[:, 16 * place : 16 * place + 16] += np.array(COLOURS[name]) - 110
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _draw(colour: tuple[int, int, int], random: np.random.Generator) -> Image.Image:
    noise = random.normal(0, 40, (40, 48, 3))
    return Image.fromarray(np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8))


def _encode(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _store(images_dir: Path, split: str, number: int, name: str, data: bytes, cell: Cell) -> dict[str, Any]:
    sha256 = hashlib.sha256(data).hexdigest()
    blob = images_dir / "blobs" / sha256[:2] / sha256
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(data)
    width, height = Image.open(io.BytesIO(data)).size
    return {
        "row": number,
        "split": split,
        "path": f"{split}/{name}",
        "sha256": sha256,
        "format": "jpeg",
        "width": width,
        "height": height,
        "bytes": len(data),
        "labels": [cell] if isinstance(cell, str) else [_name(one) for one in cell],
        "annotation": json.dumps(cell),
        "source_file": f"{split}_annotations.jsonl",
        "source_line": number + 1,
    }


def _name(one: str | dict[str, Any]) -> str:
    return one if isinstance(one, str) else one["label"]


def train(run: RunDocument) -> list[dict[str, Any]]:
    """Carry a run out in this process; returns its events."""
    with EventWriter(run.events_path) as events:
        Session(run, join_group(), events, StopRequest()).carry_out()
    return read_events(run.events_path)[0]


def fit(run: RunDocument) -> dict[int, dict[str, float]]:
    """Train a run in this process without scoring and packaging it at the end; returns its metrics by epoch."""
    with EventWriter(run.events_path) as events:
        Session(run, join_group(), events, StopRequest()).prepare()[0].fit()
    return metrics_by_epoch(read_events(run.events_path)[0])


def metrics_by_epoch(events: list[dict[str, Any]]) -> dict[int, dict[str, float]]:
    """The last metrics told for each epoch, as a reader that replaces repeats holds them."""
    return {event["epoch"]: event["values"] for event in events if event["type"] == "metrics"}
