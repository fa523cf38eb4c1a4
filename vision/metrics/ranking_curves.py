"""Cumulative gains, lift and calibration of each class against the others, thin enough to draw.

Source: SPEC §7.1, the charts that AutoML lists for classification.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vision.metrics.curves import MICRO_AVERAGE, Curve

_SHARES = np.linspace(0, 1, 101)
_BINS = 10


def ranking_curves(is_positive: np.ndarray, scores: np.ndarray, names: list[str]) -> dict[str, list[Curve]]:
    """`{"cumulative_gains": […], "lift": […], "calibration": […]}`, each `{"label", "x", "y"}`.

    `is_positive` is bool [N, C], `scores` float [N, C]. One curve a class that has positives, then all decisions taken
    together (micro average).

    Cumulative gains: of the share x of images with the highest scores, the share y of the class's images among them.
    Lift: how many times more than chance that is, y / x. Calibration: of the decisions whose scores fall into one of
    ten bins, the mean score x and the share y that is right; `count` says how many they are, `error` is the mean
    difference of both over all decisions (the expected calibration error of Guo et al. 2017).
    """
    columns = [(name, is_positive[:, index], scores[:, index]) for index, name in enumerate(names)]
    columns = [entry for entry in [*columns, (MICRO_AVERAGE, is_positive.ravel(), scores.ravel())] if entry[1].any()]
    gains = [(label, _gains(positive, score)) for label, positive, score in columns]
    return {
        "cumulative_gains": [_curve(label, _SHARES, gain) for label, gain in gains],
        "lift": [_curve(label, _SHARES[1:], gain[1:] / _SHARES[1:]) for label, gain in gains],
        "calibration": [_calibrate(*entry) for entry in columns],
    }


def _gains(is_positive: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The share of positives among the best share of decisions, at each of `_SHARES`; decisions of one score are taken
    in equal parts."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1) + 1  # after each run of equal scores
    reached = np.append(0, np.cumsum(is_positive[order])[ends - 1]) / is_positive.sum()
    gains: np.ndarray = np.interp(_SHARES, np.append(0, ends) / len(order), reached)
    return gains


def _calibrate(label: str, is_positive: np.ndarray, scores: np.ndarray) -> Curve:
    place = np.clip((scores * _BINS).astype(np.int64), 0, _BINS - 1)
    count = np.bincount(place, minlength=_BINS)
    filled = count > 0
    mean = np.bincount(place, scores, _BINS)[filled] / count[filled]
    share = np.bincount(place, is_positive, _BINS)[filled] / count[filled]
    error = float(np.abs(mean - share) @ count[filled] / len(scores))
    return _curve(label, mean, share) | {"count": count[filled].tolist(), "error": error}


def _curve(label: str, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    return {"label": label, "x": x.round(6).tolist(), "y": y.round(6).tolist()}
