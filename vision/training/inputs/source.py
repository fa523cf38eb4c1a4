"""The images of a split as pixels, whichever way they come: from the decoded cache, else decoded now."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from vision.training.inputs.cache import OnProgress, PixelCache, build_cache, cache_key, has_cache, open_cache
from vision.training.inputs.decode import read_centre, read_reduced
from vision.training.inputs.rows import ImageRows


class Decoder(Protocol):
    """How an image file becomes pixels. Frozen: its repr is part of the cache's name."""

    def read(self, path: Path, image_format: str) -> np.ndarray: ...


@dataclass(frozen=True)
class ReducedDecoder:
    """The whole image, no larger than `shorter_side` needs: what random crops are cut from."""

    shorter_side: int

    def read(self, path: Path, image_format: str) -> np.ndarray:
        return read_reduced(path, image_format, self.shorter_side)


@dataclass(frozen=True)
class CentreDecoder:
    """Exactly the pixels inference would see."""

    resize: int
    crop: int
    interpolation: str

    def read(self, path: Path, image_format: str) -> np.ndarray:
        return read_centre(path, self.resize, self.crop, self.interpolation)


@dataclass
class ImageSource:
    """Images uint8 [H, W, 3] by index. `fill` decodes them into `folder` ahead; without it each is decoded when asked.

    Worker processes open the cache themselves: a mapped file is not sent to them.
    """

    rows: ImageRows
    decoder: Decoder
    folder: Path
    is_cached: bool = field(default=False)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> np.ndarray:
        return self._pixels[index]

    @cached_property
    def key(self) -> str:
        return cache_key(self.decoder, self.rows.sha256)

    def fill(self, limit: int, threads: int, on_progress: OnProgress) -> None:
        """Build the cache unless an earlier run left it here."""
        build_cache(self.folder, self.key, len(self), self._read, limit, threads, on_progress)

    def use_cache(self) -> None:
        """Read from the cache from now on, as far as there is one."""
        self.is_cached = has_cache(self.folder, self.key)
        self.__dict__.pop("_pixels", None)

    def cached_bytes(self) -> int:
        """What the cache takes on disk, and in memory once read."""
        path = self.folder / f"{self.key}.u8"
        return path.stat().st_size if path.exists() else 0

    @cached_property
    def _pixels(self) -> PixelCache:
        return open_cache(self.folder, self.key, self._read) if self.is_cached else PixelCache(self._read)

    def _read(self, index: int) -> np.ndarray:
        return self.decoder.read(self.rows.blob(index), self.rows.format[index])

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_pixels"}
