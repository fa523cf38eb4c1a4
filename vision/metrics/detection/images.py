"""Is there anything on an image at all? The detector as a yes-or-no classifier of whole images."""

from __future__ import annotations

import numpy as np

from vision.metrics.areas import average_precision
from vision.metrics.detection.overlaps import Overlaps
from vision.metrics.detection.scores import LabelCount


def describe_images(overlaps: Overlaps, score: float) -> dict[str, float | None]:
    """`{"precision", "recall", "average_precision", "true_positives", …}` of saying yes where a find reaches `score`.

    An image scores as its best find, 0 without any. Images that hold nothing but crowds are left out.
    """
    truth, found = overlaps.truth, overlaps.found
    has_object = np.bincount(truth.image[~truth.crowd], minlength=overlaps.image_count) > 0
    has_crowd = np.bincount(truth.image[truth.crowd], minlength=overlaps.image_count) > 0
    best = np.zeros(overlaps.image_count)
    np.maximum.at(best, found.image, found.score)
    has_find = np.bincount(found.image[found.score >= score], minlength=overlaps.image_count) > 0
    counted = has_object | ~has_crowd
    has_object, has_find, best = has_object[counted], has_find[counted], best[counted]
    count = LabelCount(int((has_object & has_find).sum()), int((~has_object & has_find).sum()), int(has_object.sum()))
    return {
        "precision": count.precision,
        "recall": count.recall,
        "average_precision": average_precision(has_object, best),
        "true_positives": count.true_positives,
        "false_positives": count.false_positives,
        "false_negatives": count.false_negatives,
        "true_negatives": len(has_object) - count.support - count.false_positives,
    }
