"""`predictions.parquet` of a trial that finds objects: what is there and what was found, image by image."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from vision.data.geometry import to_pixels
from vision.data.masks import read_runs
from vision.inference.pasting import MaskPart
from vision.inference.polygons import trace_part
from vision.metrics.detection.analysis import ImageAnalysis
from vision.metrics.detection.objects import FoundObjects, Rle, TrueObjects
from vision.tasks.detection.labels import LabelledObjects, SplitLabels
from vision.tasks.detection.scoring import Scorer
from vision.training.inputs.rows import ImageRows

LOWEST_SCORE = 0.05
"""Weaker finds count for the average precision, but nobody looks at them: left out where the run's own threshold is
higher."""
_MOST_POINTS = 100  # of an outline
_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("path", pa.string()),
        ("sha256", pa.string()),
        ("width", pa.int64()),
        ("height", pa.int64()),
        ("truth", pa.string()),
        ("predictions", pa.string()),
        ("truth_labels", pa.list_(pa.string())),
        ("predicted_labels", pa.list_(pa.string())),
        ("pairs", pa.list_(pa.string())),
        ("errors", pa.list_(pa.string())),
        ("missed", pa.int64()),
        ("loss", pa.float64()),
        ("is_right", pa.bool_()),
    ]
)


def write_predictions(
    scorer: Scorer, labels: SplitLabels, indices: Sequence[int], found: Sequence[FoundObjects], path: Path
) -> None:
    """One row an image, in the order of `indices`.

    `truth` and `predictions` are JSON text, boxes and polygons in px of the upright image; predictions come with their
    verdict: `iou`, `error` (null: right) and the index of the true object it is about. `loss` orders images worst
    first: it is the sum of the scores of wrong finds and 1 for each missed object. `errors` are the kinds of mistakes
    on the image, `pairs` the cells of the confusion matrix it counts in (`truth<tab>found`, an empty name for the
    background); both, like `predicted_labels`, are of the finds that reach the run's score threshold.
    """
    truth = labels.list_truth(indices)
    analyses = scorer.analyse(truth, found)
    rows = [
        _describe_image(scorer, labels.rows, index, labels[index], there, objects, analysis)
        for index, there, objects, analysis in zip(indices, truth, found, analyses, strict=True)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), path)


def _describe_image(
    scorer: Scorer,
    rows: ImageRows,
    index: int,
    labels: LabelledObjects,
    truth: TrueObjects,
    found: FoundObjects,
    analysis: ImageAnalysis,
) -> dict[str, Any]:
    names = scorer.label_names
    counted = found.labels[found.scores >= scorer.score]
    return {
        "row": rows.row[index],
        "path": rows.path[index],
        "sha256": rows.sha256[index],
        "width": truth.width,
        "height": truth.height,
        "truth": json.dumps(_describe_truth(truth, labels, names)),
        "predictions": json.dumps(_describe_found(found, analysis, truth, scorer)),
        "truth_labels": _list_names(truth.labels, names),
        "predicted_labels": _list_names(counted, names),
        "pairs": sorted({"\t".join("" if one is None else names[one] for one in pair) for pair in analysis.pairs}),
        "errors": analysis.errors,
        "missed": analysis.missed,
        "loss": analysis.badness,
        "is_right": analysis.is_right,
    }


def _describe_truth(truth: TrueObjects, labels: LabelledObjects, names: list[str]) -> list[dict[str, Any]]:
    described = [
        {"label": names[label], "box": _round(box), "crowd": bool(crowd)}
        for label, box, crowd in zip(truth.labels, truth.boxes, truth.crowd, strict=True)
    ]
    for one, rings in zip(described, labels.polygons or [], strict=False):
        one["polygon"] = [to_pixels(ring, truth.width, truth.height) for ring in rings]
    return described


def _describe_found(
    found: FoundObjects, analysis: ImageAnalysis, truth: TrueObjects, scorer: Scorer
) -> list[dict[str, Any]]:
    described = []
    lowest = min(LOWEST_SCORE, scorer.score)
    for place in np.flatnonzero(found.scores >= lowest).tolist():
        verdict = analysis.finds[place]
        one = {
            "label": scorer.label_names[found.labels[place]],
            "score": round(float(found.scores[place]), 6),
            "box": _round(found.boxes[place]),
            "iou": round(verdict.iou, 4),
            "error": verdict.error,
            "truth": verdict.truth,
        }
        if found.masks is not None:
            one["polygon"] = _trace(found.masks[place], truth.width, truth.height)
        described.append(one)
    return described


def _trace(rle: Rle, width: int, height: int) -> list[list[float]]:
    mask, left = read_runs({"size": rle["size"], "counts": rle["counts"].decode("ascii")}).crop()
    rings = trace_part(MaskPart(mask, left, 0), width, height, _MOST_POINTS)
    return [to_pixels(ring, width, height) for ring in rings]


def _list_names(labels: np.ndarray, names: list[str]) -> list[str]:
    return [names[label] for label in sorted(set(labels.tolist()))]


def _round(box: np.ndarray) -> list[float]:
    return [round(value, 2) for value in box.tolist()]
