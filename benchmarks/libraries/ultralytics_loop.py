"""ultralytics' own trainer, halted between epochs so that others can take their turn."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
import yaml
from PIL import Image

from tests.vision.training.resolved_runs import Row
from vision.architectures.yolov5 import library  # noqa: F401  # imports ultralytics without its side effects


def write_yolo(folder: Path, rows: Sequence[Row], names: Sequence[str]) -> Path:
    """The images with their text files of boxes; the path of the data's YAML."""
    for part in ("images", "labels"):
        (folder / part / "train").mkdir(parents=True, exist_ok=True)
    for name, data, cell in rows:
        (folder / "images" / "train" / name).write_bytes(data)
        Image.open(BytesIO(data)).verify()
        lines = [f"{list(names).index(one['label'])} {_describe(one)}\n" for one in cell]
        (folder / "labels" / "train" / name).with_suffix(".txt").write_text("".join(lines))
    path = folder / "data.yaml"
    document = {"path": str(folder), "train": "images/train", "val": "images/train", "names": list(names)}
    path.write_text(yaml.safe_dump(document))
    return path


def _describe(one: dict[str, Any]) -> str:
    left, top, right, bottom = one["topX"], one["topY"], one["bottomX"], one["bottomY"]
    return f"{(left + right) / 2} {(top + bottom) / 2} {right - left} {bottom - top}"


def run_epochs(data: Path, epochs: int, batch: int, side: int, rate: float) -> Iterator[float]:
    """Seconds of each epoch, from asking for its first batch to its last update."""
    from ultralytics.models.yolo.detect import DetectionTrainer

    threads = torch.get_num_threads()
    turns: queue.Queue[None] = queue.Queue()
    seconds: queue.Queue[float] = queue.Queue()
    started = [0.0]

    def begin(trainer: Any) -> None:
        turns.get()
        torch.set_num_threads(threads)  # choosing the CPU it takes one away
        started[0] = time.perf_counter()

    def end(trainer: Any) -> None:
        seconds.put(time.perf_counter() - started[0])

    trainer = DetectionTrainer(
        overrides={
            "model": "yolov5n.yaml",
            "data": str(data),
            "epochs": epochs + 1,  # after the last one it would validate
            "imgsz": side,
            "batch": batch,
            "nbs": batch,
            "optimizer": "AdamW",
            "lr0": rate,
            "warmup_epochs": 0,
            "close_mosaic": 0,
            "device": "cpu",
            "workers": 0,
            "amp": False,
            "val": False,
            "save": False,
            "plots": False,
            "verbose": False,
            "project": str(data.parent / "runs"),
        }
    )
    trainer.add_callback("on_train_epoch_start", begin)
    trainer.add_callback("on_train_epoch_end", end)
    threading.Thread(target=trainer.train, daemon=True).start()
    while True:
        turns.put(None)
        yield seconds.get(timeout=1800)
