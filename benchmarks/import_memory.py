"""Memory of an import by the number of rows: the peak of a million rows over that of a tenth.

Each import runs in a process of its own over generated JSON Lines, three boxes a row, few images that repeat; so the
rows are what grows. The time is printed beside it.

    python -m benchmarks.import_memory [--rows 1000000]
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from vision.data.importing import ImportOptions, import_dataset

TARGET = 1.5  # of a tenth's peak
IMAGES = 500
LABELS = [f"part {number}" for number in range(20)]


class NoSink:
    """Stores nothing: storage is on disk either way."""

    def has_image(self, sha256: str) -> bool:
        return True

    def put_image(self, sha256: str, path: Path) -> None:
        pass

    def put_thumbnail(self, sha256: str, data: bytes) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--import-folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.import_folder:
        measure(options.import_folder)
        return
    with tempfile.TemporaryDirectory() as folder:
        few, many = (run(Path(folder) / str(rows), rows) for rows in (options.rows // 10, options.rows))
    ratio = many["peak_mb"] / few["peak_mb"]
    is_ok = ratio <= TARGET
    for found in (few, many):
        print(f"{found['rows']:,} rows: {found['seconds']:.0f} s, peak {found['peak_mb']:.0f} MB")
    verdict = "ok" if is_ok else "NOT MET"
    print(f"import memory: ratio {ratio:.2f} for ten times the rows (at most {TARGET:g}): {verdict}")
    print(json.dumps({"benchmark": "import_memory", "ratio": round(ratio, 3), "rows": options.rows}))
    if not is_ok:
        raise SystemExit(1)


def run(folder: Path, rows: int) -> dict[str, float]:
    generate(folder / "source", rows)
    command = [sys.executable, "-m", "benchmarks.import_memory", "--import-folder", str(folder)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


def measure(folder: Path) -> None:
    begun = time.monotonic()
    options = ImportOptions(work_dir=folder / "work")
    options.work_dir.mkdir()
    result = import_dataset(folder / "source", NoSink(), options, lambda phase, fraction: None)
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps({"rows": result.image_count, "seconds": time.monotonic() - begun, "peak_mb": peak}))


def generate(folder: Path, rows: int) -> None:
    (folder / "images").mkdir(parents=True)
    for number in range(IMAGES):
        Image.new("RGB", (96, 80), (number % 256, number // 2 % 256, 90)).save(folder / f"images/{number}.jpg")
    source = random.Random(0)
    with (folder / "train.jsonl").open("w") as file:
        for row in range(rows):
            label = [make_box(source) for _ in range(3)]
            file.write(json.dumps({"image_url": f"images/{row % IMAGES}.jpg", "label": label}) + "\n")


def make_box(source: random.Random) -> dict[str, object]:
    left, top = (round(source.random() * 0.8, 6) for _ in range(2))
    corners = {"topX": left, "topY": top, "bottomX": round(left + 0.15, 6), "bottomY": round(top + 0.15, 6)}
    return {"label": source.choice(LABELS), **corners, "isCrowd": 0}


if __name__ == "__main__":
    main()
