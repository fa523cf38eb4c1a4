"""Several rings as the one that YOLO can hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree


def merge_rings(rings: Sequence[Sequence[float]]) -> list[float]:
    """All rings (`[x1, y1, x2, y2, …]`) in one, joined by cuts without width where two come nearest.

    Source: `merge_multi_segment` of Ultralytics' converter from COCO, whose labels have the same shape.
    """
    merged = np.asarray(rings[0], dtype=float).reshape(-1, 2)
    for ring in rings[1:]:
        points = np.asarray(ring, dtype=float).reshape(-1, 2)
        distances, nearest = cKDTree(points).query(merged)
        here = int(np.argmin(distances))
        there = int(nearest[here])
        around = np.concatenate([points[there:], points[: there + 1]])
        merged = np.concatenate([merged[: here + 1], around, merged[here:]])
    return [float(value) for value in merged.ravel()]
