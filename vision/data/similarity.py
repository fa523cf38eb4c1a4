"""Comparing images by their vectors: the nearest to one, and those that nothing is near to.

Vectors are float16 [rows, dimensions] of length 1 in a file, looked at a piece at a time; a row of zeros has none.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vision.errors import NotFoundError

Vectors = NDArray[np.float16]
Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
_PIECE = 4_096  # rows: 2 MB as float32 of 128 dimensions
_FEW = 512
_SAMPLE = 2_000
_NEIGHBOURS = 5


def open_vectors(path: Path) -> Vectors:
    """The vectors of a file, read as they are needed.

    Raises:
        NotFoundError: no such file, or none of ours.
    """
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise NotFoundError("The vectors of this version cannot be read.", hint="Have them computed again.") from error
    if vectors.ndim != 2 or vectors.dtype != np.float16:
        raise NotFoundError("The vectors of this version have another shape.", hint="Have them computed again.")
    return np.asanyarray(vectors, np.float16)


def find_similar(vectors: Vectors, row: int, count: int) -> list[tuple[int, float]]:
    """The `count` rows most like one, itself left out, with their cosine similarity (-1–1), most alike first.

    Raises:
        NotFoundError: no such row, or one without a vector.
    """
    if not 0 <= row < len(vectors) or not vectors[row].any():
        raise NotFoundError(f"Image {row} has no vector to compare others with.")
    wanted = vectors[row].astype(np.float32)
    best = np.zeros(0, np.int64)
    scores = np.zeros(0, np.float32)
    for start in range(0, len(vectors), _PIECE):
        piece = vectors[start : start + _PIECE].astype(np.float32)
        found = piece @ wanted
        without = np.flatnonzero(found == 0)  # among them those that have no vector
        found[without[~piece[without].any(axis=1)]] = -np.inf
        if start <= row < start + len(found):
            found[row - start] = -np.inf
        best, scores = _keep_best(best, scores, np.arange(start, start + len(found)), found, count)
    return [(int(one), float(score)) for one, score in zip(best, scores, strict=True) if np.isfinite(score)]


def find_outliers(vectors: Vectors, count: int) -> list[tuple[int, float]]:
    """The `count` rows least like any others and their mean distance (1 - cosine) to the five nearest, farthest first.

    The nearest are sought among 2,000 rows spread evenly: an outlier is far from these too.
    """
    sample = np.unique(np.linspace(0, len(vectors) - 1, _SAMPLE).astype(np.int64)) if len(vectors) else _none()
    sample = sample[vectors[sample].any(axis=1)]
    if len(sample) <= _NEIGHBOURS:
        return []
    others = vectors[sample].astype(np.float32).T
    best, scores = _none(), np.zeros(0, np.float32)
    for start in range(0, len(vectors), _PIECE):
        rows = np.arange(start, min(start + _PIECE, len(vectors)))
        piece = vectors[rows].astype(np.float32)
        alike = piece @ others
        alike[rows[:, None] == sample[None, :]] = -1
        distances = 1 - np.partition(alike, -_NEIGHBOURS, axis=1)[:, -_NEIGHBOURS:].mean(1)
        distances[~piece.any(axis=1)] = -np.inf
        best, scores = _keep_best(best, scores, rows, distances, count)
    return [(int(row), float(score)) for row, score in zip(best, scores, strict=True) if np.isfinite(score)]


def find_nearest(vectors: Vectors) -> Rows:
    """For each of a few thousand vectors the place of the one most like it; itself where it is alone."""
    others = vectors.astype(np.float32).T
    nearest = np.zeros(len(vectors), np.int64)
    for start in range(0, len(vectors) if len(vectors) > 1 else 0, _FEW):
        alike = others.T[start : start + _FEW] @ others
        here = np.arange(len(alike))
        alike[here, start + here] = -np.inf
        nearest[start : start + _FEW] = alike.argmax(axis=1)
    return nearest


def spread_rows(total: int, most: int) -> Rows:
    """At most so many of the rows 0 … total - 1, spread evenly."""
    return np.unique(np.linspace(0, max(0, total - 1), min(total, most)).round().astype(np.int64))


def _keep_best(rows: Rows, scores: Scores, more: Rows, found: Scores, count: int) -> tuple[Rows, Scores]:
    """The `count` highest of both, highest first; ties by row."""
    if len(scores) >= count:
        kept = np.flatnonzero(found > scores[count - 1])
        more, found = more[kept], found[kept]
    if len(found) > count:
        kept = np.argpartition(-found, count - 1)[:count]
        more, found = more[kept], found[kept]
    rows, scores = np.concatenate([rows, more]), np.concatenate([scores, found])
    order = np.lexsort((rows, -scores))[:count]
    return rows[order], scores[order]


def _none() -> Rows:
    return np.zeros(0, np.int64)
