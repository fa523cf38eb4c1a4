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
_FIND = pa.struct([("label", pa.string()), ("score", pa.float64()), ("error", pa.string())])
_OBJECT = pa.struct(
    [("label", pa.string()), ("size", pa.string()), ("found_from", pa.float64()), ("covered_from", pa.float64())]
)
_PAIR = pa.struct([("score", pa.float64()), ("truth", pa.string()), ("predicted", pa.string())])
_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("path", pa.string()),
        ("sha256", pa.string()),
        ("width", pa.int64()),
        ("height", pa.int64()),
        ("truth", pa.string()),
        ("predictions", pa.string()),
        ("finds", pa.list_(_FIND)),
        ("objects", pa.list_(_OBJECT)),
        ("crowds", pa.int64()),
        ("pairs", pa.list_(_PAIR)),
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

    `truth` and `predictions` are JSON text to be drawn, boxes and polygons in px of the upright image; predictions come
    with their verdict: `iou`, `error` (null: right, or in a crowd) and the index of the true object it is about.

    `finds` and `objects` are the same to be queried, so that any score threshold can be asked for later: a find's
    label, score and error; a true object's label and size, the score of the find that matched it (`found_from`) and the
    best score of those that matched it or have an error of class or localisation on it (`covered_from`), null where
    there is none. `objects` has no crowds, `crowds` counts them. `pairs` are the cells of the confusion matrix that the
    image counts in, at each score threshold the report tells of, null for the background and for what was missed.

    `errors` are the kinds of mistakes at the run's score threshold, `missed` how many objects are, and `loss` orders
    images worst first: it is the sum of the scores of wrong finds and 1 for each missed object.
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
    return {
        "row": rows.row[index],
        "path": rows.path[index],
        "sha256": rows.sha256[index],
        "width": truth.width,
        "height": truth.height,
        "truth": json.dumps(_describe_truth(truth, labels, names)),
        "predictions": json.dumps(_describe_found(found, analysis, truth, scorer)),
        "finds": [
            {"label": names[found.labels[place]], "score": verdict.score, "error": verdict.error}
            for place, verdict in enumerate(analysis.finds)
            if verdict.score >= _lowest(scorer)
        ],
        "objects": [
            {"label": names[label], "size": one.size, "found_from": one.found_from, "covered_from": one.covered_from}
            for label, one in zip(truth.labels, analysis.objects, strict=True)
            if not one.is_crowd
        ],
        "crowds": int(truth.crowd.sum()),
        "pairs": _describe_pairs(analysis, names),
        "errors": analysis.errors,
        "missed": analysis.missed,
        "loss": analysis.badness,
        "is_right": analysis.is_right,
    }


def _describe_pairs(analysis: ImageAnalysis, names: list[str]) -> list[dict[str, Any]]:
    """Each cell of each matrix once, however often the image counts in it."""
    named = [None if label is None else names[label] for label in (*range(len(names)), None)]
    return [
        {"score": score, "truth": named[-1 if truth is None else truth], "predicted": named[-1 if one is None else one]}
        for score, pairs in analysis.pairs_from.items()
        for truth, one in dict.fromkeys(pairs)
    ]


def _lowest(scorer: Scorer) -> float:
    """The score of the weakest finds that are kept."""
    return min(LOWEST_SCORE, scorer.score)


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
    for place in np.flatnonzero(found.scores >= _lowest(scorer)).tolist():
        verdict = analysis.finds[place]
        one = {
            "label": scorer.label_names[found.labels[place]],
            "score": verdict.score,
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


def _round(box: np.ndarray) -> list[float]:
    return [round(value, 2) for value in box.tolist()]
