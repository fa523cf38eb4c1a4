"""The map of a manifest: places of some of its images, and how far images of one label keep to themselves."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from vision.data.similarity import Rows, Vectors, find_nearest, spread_rows
from vision.embedding.layout import lay_out


def draw_map(manifest: Path, vectors: Vectors, most: int) -> dict[str, Any]:
    """Of at most so many rows, spread evenly: `points` as [row, x, y, index into `labels`].

    A row's label is the first it has. Of each label `labels` says its `points`, `alike`, how many of these have a point
    of the same label as their nearest, and `mixed_with`, the other label that is nearest to most of the rest.
    """
    shown = spread_rows(len(vectors), most)
    shown = shown[vectors[shown].any(axis=1)]
    method, places = lay_out(vectors[shown])
    names = list_first_labels(manifest, shown)
    labels = [name for name, _ in Counter(sorted(names)).most_common()]
    index = {label: number for number, label in enumerate(labels)}
    numbers = np.array([index[name] for name in names], np.int64)
    points = [
        [int(row), round(float(x), 4), round(float(y), 4), int(number)]
        for row, (x, y), number in zip(shown, places, numbers, strict=True)
    ]
    return {"method": method, "points": points, "labels": _describe_labels(labels, numbers, vectors[shown])}


def list_first_labels(manifest: Path, rows: Rows) -> list[str]:
    """The first label of each of these rows, given in ascending order; empty for one without."""
    found: list[str] = []
    start = 0
    with pq.ParquetFile(manifest) as file:
        for batch in file.iter_batches(columns=["labels"]):
            within = rows[(rows >= start) & (rows < start + batch.num_rows)] - start
            found += [(labels or [""])[0] for labels in batch.column(0).take(within.tolist()).to_pylist()]
            start += batch.num_rows
    return found


def _describe_labels(labels: list[str], numbers: NDArray[np.int64], vectors: Vectors) -> list[dict[str, Any]]:
    nearest = find_nearest(vectors)
    theirs = numbers[nearest] if len(numbers) > 1 else numbers
    described = []
    for number, label in enumerate(labels):
        others = theirs[numbers == number]
        strange = Counter(others[others != number].tolist()).most_common(1)
        described.append(
            {
                "label": label,
                "points": len(others),
                "alike": int((others == number).sum()),
                "mixed_with": labels[strange[0][0]] if strange else "",
            }
        )
    return described
