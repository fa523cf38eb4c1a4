"""How well objects of each size are found, in px² of the original image, by COCO's limits."""

from __future__ import annotations

from typing import Any

import numpy as np

from vision.metrics.detection.average_precision import mean_defined, rank_finds
from vision.metrics.detection.matching import Matches
from vision.metrics.detection.overlaps import Overlaps

SIZES = (("small", 0.0, 32.0**2), ("medium", 32.0**2, 96.0**2), ("large", 96.0**2, np.inf))


def name_sizes(areas: np.ndarray) -> list[str]:
    """Which size each area in px² is."""
    return [SIZES[place][0] for place in np.digitize(areas, [low for _, low, _ in SIZES[1:]])]


def describe_sizes(overlaps: Overlaps, matches: Matches, score: float) -> list[dict[str, Any]]:
    """`{"size", "average_precision", "recall", "found", "support"}` of small, medium and large objects.

    As COCO does it, objects of another size are left out with the finds that matched them, and so are wrong finds that
    are of another size themselves. `average_precision` is VOC's at the IoU threshold, the mean over the labels that
    have objects of this size; `found` and `recall` are over all objects of the size, by finds with a score of at least
    `score`.
    """
    truth, found = overlaps.truth, overlaps.found
    reached = np.zeros(len(truth), np.bool_)
    reached[matches.truth[matches.is_right & (found.score >= score)]] = True
    rows = []
    for size, low, high in SIZES:
        is_sought = ~truth.crowd & (truth.area >= low) & (truth.area < high)
        fits = (found.area >= low) & (found.area < high)
        counts = np.where(matches.is_right, np.append(is_sought, False)[matches.truth], fits)
        support = np.bincount(truth.label[is_sought], minlength=overlaps.label_count)
        areas = [one.average_precision for one in rank_finds(overlaps, matches, counts, support)]
        rows.append(
            {
                "size": size,
                "average_precision": mean_defined(areas),
                "recall": float(reached[is_sought].mean()) if is_sought.any() else None,
                "found": int(reached[is_sought].sum()),
                "support": int(is_sought.sum()),
            }
        )
    return rows
