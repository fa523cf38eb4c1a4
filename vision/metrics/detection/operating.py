"""What comes of a score threshold: everything that is counted over the finds that reach it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vision.metrics.detection.average_precision import Ranking
from vision.metrics.detection.errors import Errors, count_errors
from vision.metrics.detection.images import describe_images
from vision.metrics.detection.matching import Matches
from vision.metrics.detection.overlaps import Overlaps
from vision.metrics.detection.scores import average_counts, count_label
from vision.metrics.detection.sizes import describe_sizes

_MOST_ROWS = 20_000  # labels × thresholds of a report, so that a page still opens with very many labels


@dataclass(frozen=True)
class Judged:
    """A set of images, compared and judged once."""

    overlaps: Overlaps
    matches: Matches
    rankings: list[Ranking]
    errors: Errors
    names: list[str]

    def at(self, score: float) -> dict[str, Any]:
        """`{"score", "precision", "recall", "f1", "per_label", "errors", "sizes", "image_level"}`."""
        return {
            "score": score,
            **average_counts(self.rankings, score),
            "per_label": [_describe_label(*one, score) for one in zip(self.names, self.rankings, strict=True)],
            "errors": count_errors(self.overlaps, self.errors, score),
            "sizes": describe_sizes(self.overlaps, self.matches, score),
            "image_level": describe_images(self.overlaps, score),
        }

    def points(self, scores: Sequence[float]) -> list[dict[str, Any]]:
        """One entry a threshold, ascending, the first of `scores` in any case. Errors come without examples."""
        fitting = max(1, _MOST_ROWS // max(1, len(self.names)))
        points = [self.at(score) for score in sorted(list(scores)[:fitting])]
        for point in points:
            point["errors"] = [{"type": row["type"], "count": row["count"]} for row in point["errors"]]
        return points


def _describe_label(name: str, ranking: Ranking, score: float) -> dict[str, Any]:
    count = count_label(ranking, score)
    return {
        "label": name,
        "precision": count.precision,
        "recall": count.recall,
        "f1": count.f1,
        "support": count.support,
        "true_positives": count.true_positives,
        "false_positives": count.false_positives,
        "false_negatives": count.false_negatives,
    }
