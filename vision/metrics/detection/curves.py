"""Precision-recall curves, thin enough to draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vision.metrics.detection.average_precision import Ranking, envelope

MAX_POINTS = 200
_ALL_POINTS = 20_000  # of all curves of a report, so that a page with many labels still opens
_FEWEST = 20
_GRID = np.linspace(0, 1, 101)


def describe_curves(rankings: Sequence[Ranking], names: Sequence[str], iou: float, curves: int) -> list[dict[str, Any]]:
    """`{"label", "iou", "average_precision", "points": [{"recall", "precision", "score"}, …]}`.

    One curve a label with true objects, points by falling score; then that of label None, the mean over labels of
    their envelopes at each recall, which has no score. `curves` is how many the whole report will hold.
    """
    limit = max(_FEWEST, min(MAX_POINTS, _ALL_POINTS // max(1, curves)))
    present = [(name, ranking) for name, ranking in zip(names, rankings, strict=True) if ranking.support]
    described = [
        {
            "label": name,
            "iou": iou,
            "average_precision": ranking.average_precision,
            "points": _points(ranking, limit),
        }
        for name, ranking in present
    ]
    if present:
        areas = [ranking.average_precision for _, ranking in present]
        mean = np.mean([_precision_at(ranking) for _, ranking in present], axis=0)
        points = [
            {"recall": round(float(recall), 5), "precision": round(float(precision), 5), "score": None}
            for recall, precision in zip(_GRID, mean, strict=True)
        ]
        described.append(
            {
                "label": None,
                "iou": iou,
                "average_precision": float(np.mean([a or 0.0 for a in areas])),
                "points": points,
            }
        )
    return described


def thin_curve(recall: np.ndarray, precision: np.ndarray, limit: int) -> np.ndarray:
    """At most `limit` places of a curve by falling score that have the same envelope, or nearly where it has more
    corners than that: int64, ascending.

    Corners, after which the envelope falls, are kept first; of too many, those evenly spaced along its length.
    """
    places = np.arange(len(recall))
    if len(places) <= limit:
        return places
    rises = np.diff(recall, prepend=0.0) > 0
    corners = places[rises & (precision > np.append(envelope(precision)[1:], -1.0))]
    if len(corners) <= limit:
        return _fill(corners, places, limit)
    length = recall[corners] - precision[corners]  # grows from corner to corner
    wanted = np.linspace(length[0], length[-1], limit)
    spaced = corners[np.searchsorted(length, wanted).clip(max=len(corners) - 1)]
    return _fill(np.unique(spaced), corners, limit)


def _fill(chosen: np.ndarray, places: np.ndarray, limit: int) -> np.ndarray:
    """`chosen` with so many of the other `places`, evenly spaced, that there are `limit`."""
    others = np.setdiff1d(places, chosen)
    return np.union1d(chosen, others[np.linspace(0, len(others) - 1, limit - len(chosen)).round().astype(np.int64)])


def _points(ranking: Ranking, limit: int) -> list[dict[str, float | None]]:
    recall, precision = ranking.recall, ranking.precision
    return [
        {
            "recall": round(float(recall[place]), 5),
            "precision": round(float(precision[place]), 5),
            "score": round(float(ranking.score[place]), 5),
        }
        for place in thin_curve(recall, precision, limit)
    ]


def _precision_at(ranking: Ranking) -> np.ndarray:
    """The envelope at each recall of the grid, 0 where that is never reached."""
    highest = np.append(envelope(ranking.precision), 0.0)
    precision: np.ndarray = highest[np.searchsorted(ranking.recall, _GRID - 1e-12, side="left")]
    return precision
