"""Reading JSON Lines of three boxes each: rows parsed, images found, labels checked and written canonically.

One core. Ours is `JsonlReader` with the label reader of detection; beside it the same job by `json.loads`, checks
in plain Python and `json.dumps`. The two take turns.

    python -m benchmarks.jsonl_import [--rows 100000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vision.catalog.task_types import TaskType
from vision.data.formats import get_reader
from vision.data.formats.base import ReadOptions
from vision.data.labels import LABEL_READERS
from vision.data.limits import DEFAULT_LIMITS
from vision.data.report import Report
from vision.data.upload import Upload

TARGET = 100_000  # rows a second and core
LINES = "training-mltable-folder/train_annotations.jsonl"
CORNERS = ("topX", "topY", "bottomX", "bottomY")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        upload = write_upload(Path(folder), options.rows)
        speeds: dict[str, list[float]] = {"ours": [], "plain": []}
        for _ in range(options.rounds):
            speeds["plain"].append(measure(lambda: read_plainly(upload), options.rows))
            speeds["ours"].append(measure(lambda: read(upload), options.rows))
    report(speeds)


def report(speeds: dict[str, list[float]]) -> None:
    best = max(speeds["ours"])
    ratio = statistics.median(mine / other for mine, other in zip(speeds["ours"], speeds["plain"], strict=True))
    is_ok = best >= TARGET
    print(
        f"three-box rows: ours {best:,.0f} rows/s, plain loop {max(speeds['plain']):,.0f}, ratio {ratio:.2f} "
        f"(at least {TARGET:,} rows/s): {'ok' if is_ok else 'NOT MET'}"
    )
    print(json.dumps({"benchmark": "jsonl_import", "per_second": round(best), "ratio": round(ratio, 3)}))
    if not is_ok:
        raise SystemExit(1)


def measure(work: Callable[[], int], rows: int) -> float:
    begun = time.perf_counter()
    if work() != rows:
        raise SystemExit("Not every row was read.")
    return rows / (time.perf_counter() - begun)


def read(upload: Upload) -> int:
    findings = Report()
    check = LABEL_READERS[TaskType.DETECTION]
    count = 0
    for record in get_reader("jsonl").read(upload, ReadOptions(TaskType.DETECTION), findings):
        count += bool(check(record.label, DEFAULT_LIMITS).annotation)
    return count


def read_plainly(upload: Upload) -> int:
    files = frozenset(upload.files)
    rows = []
    with upload.path(LINES).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            row = json.loads(line)
            if row["image_url"] not in files:
                raise ValueError(number)
            for one in row["label"]:
                check_box(one)
            rows.append((row["image_url"], json.dumps(row["label"]), number, line.strip()))
    return len(rows)


def check_box(one: dict[str, Any]) -> None:
    if not isinstance(one["label"], str) or not one["label"].strip() or len(one["label"]) > 200:
        raise ValueError("label")
    for key in CORNERS:
        if not isinstance(one[key], (int, float)) or isinstance(one[key], bool) or not 0 <= one[key] <= 1:
            raise ValueError(key)
    if one["topX"] >= one["bottomX"] or one["topY"] >= one["bottomY"] or one["isCrowd"] not in (0, 1):
        raise ValueError("corners")


def write_upload(folder: Path, rows: int) -> Upload:
    rng = random.Random(1)
    files = [f"images/photo_{number:07d}.jpg" for number in range(rows)]
    path = folder / LINES
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8") as target:
        for file in files:
            details = {"format": "jpg", "width": "640px", "height": "480px"}
            row = {"image_url": file, "image_details": details, "label": [make_box(rng) for _ in range(3)]}
            target.write(json.dumps(row) + "\n")
    return Upload(folder, [*files, LINES])


def make_box(rng: random.Random) -> dict[str, Any]:
    left, top = rng.uniform(0, 0.6), rng.uniform(0, 0.6)
    corners = (left, top, left + rng.uniform(0.05, 0.4), top + rng.uniform(0.05, 0.4))
    box = dict(zip(CORNERS, (round(value, 6) for value in corners), strict=True))
    return {"label": rng.choice(("can", "carton", "milk_bottle"))} | box | {"isCrowd": 0}


if __name__ == "__main__":
    main()
