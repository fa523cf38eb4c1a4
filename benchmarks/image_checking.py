"""Checking images of 448 px: headers, and whole images, each beside the same job done by Pillow in a plain loop.

One core each: one thread of ours, taking turns with the loop. Verified is read, probed, decoded whole, turned upright
and hashed (SHA-256); the figure of the whole check adds perceptual hash and WebP thumbnail.

    python -m benchmarks.image_checking [--images 400] [--rounds 3] [--folder JPEGS]
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageOps

from tests.vision.inference.models import make_image
from vision.data.checking import check_image
from vision.data.images import open_image, probe_image
from vision.data.limits import DEFAULT_LIMITS
from vision.data.upload import Upload

HEADERS, VERIFIED = 5_000, 500  # images a second and core


class NoSink:
    """Stores nothing: a disk is not what is measured."""

    def has_image(self, sha256: str) -> bool:
        return False

    def put_image(self, sha256: str, path: Path) -> None:
        pass

    def put_thumbnail(self, sha256: str, data: bytes) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="JPEGs of one's own in place of generated ones")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = options.folder or make_images(Path(made), options.images)
        files = sorted(path.name for path in folder.glob("*.jpg"))[: options.images]
        upload = Upload(folder, files)
        is_ok = [
            compare("headers", files, options.rounds, HEADERS, probe(folder), read_header(folder)),
            compare("verified", files, options.rounds, VERIFIED, verify(folder), decode(folder)),
        ]
        whole = run(files, lambda name: check_image(upload, name, NoSink(), DEFAULT_LIMITS))
        print(f"whole check with thumbnail and perceptual hash: {whole:,.0f} images/s on one thread")
    if not all(is_ok):
        raise SystemExit(1)


def compare(
    name: str,
    files: list[str],
    rounds: int,
    target: float,
    ours: Callable[[str], object],
    plain: Callable[[str], object],
) -> bool:
    speeds: dict[str, list[float]] = {"plain": [], "ours": []}
    for _ in range(rounds):
        speeds["plain"].append(run(files, plain))
        speeds["ours"].append(run(files, ours))
    best = max(speeds["ours"])
    ratio = statistics.median(mine / other for mine, other in zip(speeds["ours"], speeds["plain"], strict=True))
    is_ok = best >= target
    print(
        f"{name}: ours {best:,.0f} images/s, plain loop {max(speeds['plain']):,.0f}, ratio {ratio:.2f} "
        f"(at least {target:,} images/s): {'ok' if is_ok else 'NOT MET'}"
    )
    print(json.dumps({"benchmark": f"image_checking_{name}", "per_second": round(best), "ratio": round(ratio, 3)}))
    return is_ok


def run(files: list[str], work: Callable[[str], object]) -> float:
    begun = time.perf_counter()
    for name in files:
        work(name)
    return len(files) / (time.perf_counter() - begun)


def probe(folder: Path) -> Callable[[str], object]:
    return lambda name: probe_image(folder / name)


def verify(folder: Path) -> Callable[[str], object]:
    def check(name: str) -> object:
        data = (folder / name).read_bytes()
        return probe_image(data), open_image(data).size, hashlib.sha256(data).hexdigest()

    return check


def read_header(folder: Path) -> Callable[[str], object]:
    def read(name: str) -> object:
        with Image.open(folder / name) as image:
            return image.format, image.size, image.getexif().get(0x0112, 1)

    return read


def decode(folder: Path) -> Callable[[str], object]:
    def read(name: str) -> object:
        data = (folder / name).read_bytes()
        with Image.open(io.BytesIO(data)) as image:
            return ImageOps.exif_transpose(image).convert("RGB").size, hashlib.sha256(data).hexdigest()

    return read


def make_images(folder: Path, count: int) -> Path:
    for number in range(count):
        make_image(number, (448, 336)).save(folder / f"{number:05d}.jpg", quality=85)
    return folder


if __name__ == "__main__":
    main()
