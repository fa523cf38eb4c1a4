"""The thumbnails of a manifest's images as arrays of one size."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from fsspec.core import url_to_fs
from numpy.typing import NDArray
from PIL import Image

from vision.embedding.planning import Hashes
from vision.embedding.request import EmbeddingRequest

Pixels = NDArray[np.uint8]
Rows = NDArray[np.int64]


class Thumbnails:
    """Reads thumbnails from storage, several at a time, as RGB squares of `side` px."""

    def __init__(self, request: EmbeddingRequest, hashes: Hashes, side: int) -> None:
        self._system, self._root = url_to_fs(request.storage)
        self._pattern = request.thumbnail
        self._hashes = hashes
        self._side = side
        self._pool = ThreadPoolExecutor(max(2, request.threads))

    def read(self, rows: Sequence[int] | Rows, batch: int) -> Iterator[tuple[Rows, Pixels]]:
        """Row numbers with uint8 [B, side, side, 3] of each batch; rows whose thumbnail cannot be read are left out."""
        ahead = self._start(rows[:batch])
        for start in range(0, len(rows), batch):
            current, ahead = ahead, self._start(rows[start + batch : start + 2 * batch])
            found = [(row, pixels) for row, pixels in current if pixels is not None]
            numbers = np.array([row for row, _ in found], np.int64)
            pictures = [pixels for _, pixels in found]
            yield numbers, np.stack(pictures) if found else np.zeros((0, self._side, self._side, 3), np.uint8)

    def _start(self, rows: Sequence[int] | Rows) -> Iterator[tuple[int, Pixels | None]]:
        numbers = [int(row) for row in rows]
        return zip(numbers, self._pool.map(self._read_one, numbers), strict=True)

    def _read_one(self, row: int) -> Pixels | None:
        sha256 = self._hashes[row].tobytes().hex()
        try:
            data = self._system.cat_file(f"{self._root}/{self._pattern.format(head=sha256[:2], sha256=sha256)}")
            with Image.open(io.BytesIO(data), formats=["WEBP"]) as image:
                small = image.convert("RGB").resize((self._side, self._side), Image.Resampling.BILINEAR)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None
        return np.asarray(small)
