"""Decoded images kept as plain pixels in one file, read through the page cache by every worker process.

Decoding a photograph costs more than everything else the processor does for it, and each epoch needs the same ones.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
import psutil

LoadPixels = Callable[[int], np.ndarray]
OnProgress = Callable[[int, int], None]

_MEMORY_SHARE = 0.4  # of what is free: a cache that pushes the training itself out of memory would be no gain
_DISK_SHARE = 0.5


@dataclass(frozen=True)
class PixelCache:
    """Images uint8 [H, W, 3] by index. What did not fit is loaded when asked for, through the same function."""

    load: LoadPixels
    pixels: np.ndarray | None = None  # uint8 [bytes], mapped
    index: np.ndarray | None = None  # int64 [n, 3]: offset (-1: not kept), height, width

    def __getitem__(self, number: int) -> np.ndarray:
        if self.pixels is None or self.index is None or self.index[number, 0] < 0:
            return self.load(number)
        offset, height, width = (int(value) for value in self.index[number])
        return self.pixels[offset : offset + height * width * 3].reshape(height, width, 3)


def cache_key(*parts: object) -> str:
    """A name for a cache from everything its pixels depend on."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def cache_limit(folder: Path) -> int:
    """Bytes a decoded cache may take here."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free * _DISK_SHARE
    return int(min(psutil.virtual_memory().available * _MEMORY_SHARE, free))


def has_cache(folder: Path, key: str) -> bool:
    return (folder / f"{key}.npy").exists() and (folder / f"{key}.u8").exists()


def open_cache(folder: Path, key: str, load: LoadPixels) -> PixelCache:
    """The cache built under `key`, or one that keeps nothing when it is not there."""
    try:
        index = np.load(folder / f"{key}.npy", allow_pickle=False)
        pixels = np.memmap(folder / f"{key}.u8", dtype=np.uint8, mode="r")
    except (FileNotFoundError, ValueError):
        return PixelCache(load)
    os.utime(folder / f"{key}.u8")
    return PixelCache(load, pixels, index)


def build_cache(
    folder: Path, key: str, count: int, load: LoadPixels, limit: int, threads: int, on_progress: OnProgress
) -> None:
    """Decode images 0…count-1 into the cache `key`, up to `limit` bytes; nothing is done when it is there already."""
    if has_cache(folder, key):
        return
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{key}.{uuid4().hex}.tmp"
    index = np.full((count, 3), -1, dtype=np.int64)
    try:
        with draft.open("wb") as file:
            for number, pixels in _decode_in_order(count, load, threads):
                if file.tell() + pixels.nbytes > limit:
                    break
                index[number] = (file.tell(), pixels.shape[0], pixels.shape[1])
                file.write(np.ascontiguousarray(pixels).data)
                on_progress(number + 1, count)
            if file.tell() == 0:
                return
        draft.replace(folder / f"{key}.u8")
        with draft.open("wb") as file:
            np.save(file, index)
        draft.replace(folder / f"{key}.npy")
    finally:
        draft.unlink(missing_ok=True)


def drop_unused(folder: Path, keep: set[str], limit: int) -> None:
    """Delete the caches longest unused until those not in `keep` fit `limit` bytes together."""
    files = sorted(folder.glob("*.u8"), key=lambda path: path.stat().st_mtime, reverse=True)
    total = 0
    for path in files:
        total += path.stat().st_size
        if path.stem not in keep and total > limit:
            path.with_suffix(".npy").unlink(missing_ok=True)
            path.unlink(missing_ok=True)


def _decode_in_order(count: int, load: LoadPixels, threads: int) -> Iterator[tuple[int, np.ndarray]]:
    """Every image once, in order, decoded by threads a little ahead (the decoders let go of the interpreter lock)."""
    ahead = threads * 4
    with ThreadPoolExecutor(threads, thread_name_prefix="decode") as pool:
        waiting: dict[int, Future[np.ndarray]] = {}
        try:
            for number in range(count):
                for further in range(number + len(waiting), min(count, number + ahead)):
                    waiting[further] = pool.submit(load, further)
                yield number, waiting.pop(number).result()
        finally:
            for future in waiting.values():
                future.cancel()
