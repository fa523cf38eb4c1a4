"""Opening every image of an import once, several at a time, and storing what is good."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from PIL import Image

from vision.data.duplicates import hash_image
from vision.data.images import encode_thumbnail, open_image, probe_image, shrink_image
from vision.data.limits import ImportLimits
from vision.data.upload import Upload
from vision.errors import InvalidImageError

_LARGE = 25_000_000  # pixels; larger ones take hundreds of megabytes and are decoded one at a time
_WINDOW = 64  # images handed to the threads at once: enough to keep them busy, few enough to stop soon
_ONE_LARGE = threading.Lock()


class ImageSink(Protocol):
    """Where good images go, by their hash. Called from several threads; storing one twice is harmless."""

    def has_image(self, sha256: str) -> bool:
        """Whether image and thumbnail are both stored."""

    def put_image(self, sha256: str, path: Path) -> None:
        """Store the file as it was uploaded."""

    def put_thumbnail(self, sha256: str, data: bytes) -> None:
        """Store its WebP thumbnail."""


@dataclass(frozen=True, slots=True)
class CheckedImage:
    """What checking one file found: the facts of a good image, or why it is none (`code`, `problem`)."""

    file: str
    sha256: str = ""
    format: str = ""
    width: int = 0
    height: int = 0
    bytes: int = 0
    phash: int = 0
    code: str = ""
    problem: str = ""


def check_images(
    upload: Upload, files: Iterable[str], sink: ImageSink, limits: ImportLimits, workers: int | None = None
) -> Iterator[CheckedImage]:
    """Open, verify, hash, store and thumbnail each file; answers in the order asked, few in memory at a time."""
    with ThreadPoolExecutor(workers or min(8, os.cpu_count() or 1)) as pool:
        for window in _windows(files):
            yield from pool.map(lambda file: check_image(upload, file, sink, limits), window)


def check_image(upload: Upload, file: str, sink: ImageSink, limits: ImportLimits) -> CheckedImage:
    """Decode one file fully, upright, and hand it with its thumbnail to the sink."""
    try:
        path = upload.path(file)
        size = path.stat().st_size
        if size > limits.max_image_bytes:
            problem = f"The file has {size >> 20} MB; {limits.max_image_bytes >> 20} are allowed."
            return CheckedImage(file, code="image_too_large", problem=problem)
        data = path.read_bytes()
        facts = probe_image(data)
        pixels, most = facts.width * facts.height, limits.max_image_pixels
        if pixels > most:
            problem = f"The image has {facts.width} × {facts.height} px; {most:,} pixels are allowed."
            return CheckedImage(file, code="image_too_large", problem=problem)
        with _ONE_LARGE if pixels > _LARGE else nullcontext():
            small, sides = _shrink(data)
    except InvalidImageError as error:
        return CheckedImage(file, code=error.code, problem=str(error))
    except OSError as error:
        problem = f"The file cannot be read: {error.strerror or error}."
        return CheckedImage(file, code="unreadable_image", problem=problem)
    sha256 = hashlib.sha256(data).hexdigest()
    if not sink.has_image(sha256):
        sink.put_thumbnail(sha256, encode_thumbnail(small))
        sink.put_image(sha256, path)
    return CheckedImage(file, sha256, facts.format, *sides, size, hash_image(small))


def _shrink(data: bytes) -> tuple[Image.Image, tuple[int, int]]:
    """Decode an image whole; what its thumbnail shows, and its size in px."""
    image = open_image(data)
    return shrink_image(image), image.size


def _windows(files: Iterable[str]) -> Iterator[list[str]]:
    iterator = iter(files)
    while window := list(islice(iterator, _WINDOW)):
        yield window
