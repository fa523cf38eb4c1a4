"""Imports of small uploads, without Django."""

from __future__ import annotations

import threading
from pathlib import Path

from tests.datasets.factories import COLOURS, image_bytes, json_lines
from vision.data.manifest import read_rows

BOX = {"label": "can", "topX": 0.25, "topY": 0.25, "bottomX": 0.75, "bottomY": 0.5, "isCrowd": 0}
RING = [0.25, 0.25, 0.75, 0.25, 0.75, 0.5, 0.25, 0.5]


class MemorySink:
    def __init__(self):
        self.images, self.thumbnails, self._lock = {}, {}, threading.Lock()

    def has_image(self, sha256):
        return sha256 in self.images

    def put_image(self, sha256, path: Path):
        with self._lock:
            self.images[sha256] = path.read_bytes()

    def put_thumbnail(self, sha256, data):
        self.thumbnails[sha256] = data


def with_lines(lines: list[str | bytes], images: int = 12) -> dict:
    """Twelve good rows, then the given lines from line 13 on."""
    files = {f"images/{number}.jpg": image_bytes(size=(20 + number, 20)) for number in range(images)}
    good = json_lines([{"image_url": f"images/{n}.jpg", "label": list(COLOURS)[n % 3]} for n in range(images)]).encode()
    files["train_annotations.jsonl"] = good + b"\n".join(
        line if isinstance(line, bytes) else line.encode() for line in lines
    )
    return files


def rows_of(result) -> list[dict]:
    return read_rows(result.manifest).to_pylist()


def with_cells(cells: list, size=(40, 20)) -> dict:
    """One image a label cell, each of its own size."""
    files = {f"images/{n}.jpg": image_bytes(size=(size[0], size[1] + n)) for n in range(len(cells))}
    rows = [{"image_url": f"images/{number}.jpg", "label": cell} for number, cell in enumerate(cells)]
    return files | {"train.jsonl": json_lines(rows)}
