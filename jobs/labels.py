"""The evaluation of a multi-label trial as tables: where labels were missed, and where they were falsely given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Evaluation = dict[str, Any]
Link = Callable[..., str]
_COUNTS = ("true_positives", "false_positives", "false_negatives")


def label_rows(evaluation: Evaluation, link: Link, score: float | None = None) -> list[dict[str, Any]]:
    """The labels, the one with the lowest IoU first; each count leads to its images.

    `link(**filters)` makes the address of the predictions with these filters. Counts, precision, recall, F1 and IoU are
    at the threshold `score`, by default the model's own; the areas are those of all thresholds.
    """
    point = _point_at(evaluation, score)
    rows = []
    for place, row in enumerate(evaluation["per_label"]):
        right, false, missed = (point[kind][place] for kind in _COUNTS) if point else (row[kind] for kind in _COUNTS)
        rows.append(
            row
            | {
                "true_positives": right,
                "false_positives": false,
                "false_negatives": missed,
                "precision": _divide(right, right + false),
                "recall": _divide(right, right + missed),
                "f1_score": _divide(2 * right, 2 * right + false + missed),
                "iou": _divide(right, right + false + missed),
                "right_url": link(truth=row["label"], predicted=row["label"]) if right else "",
                "missed_url": link(missed=row["label"]) if missed else "",
                "false_url": link(false=row["label"]) if false else "",
            }
        )
    return sorted(rows, key=lambda row: (row["iou"], row["label"]))


def _point_at(evaluation: Evaluation, score: float | None) -> dict[str, Any] | None:
    thresholds = evaluation["thresholds"]
    wanted = thresholds["score"] if score is None else score
    points: list[dict[str, Any]] = [row for row in thresholds["scores"] if row["score"] == wanted]
    return points[0] if points else None


def _divide(part: int, whole: int) -> float:
    """0 where there is nothing to divide by, as the metrics have it."""
    return part / whole if whole else 0.0


def most_mixed_up(evaluation: Evaluation, link: Link, limit: int = 8) -> list[dict[str, Any]]:
    """The pairs of a missed label and one falsely given on the same images, the most frequent first.

    `{missed, given, count, share, url}`; `share` is of the images with the missed label.
    """
    names: list[str] = evaluation["label_names"]
    supports = {row["label"]: row["support"] for row in evaluation["per_label"]}
    pairs = [
        {
            "missed": names[i],
            "given": names[j],
            "count": count,
            "share": count / supports[names[i]],
            "url": link(missed=names[i], false=names[j]),
        }
        for i, counts in enumerate(evaluation["mix_ups"])
        for j, count in enumerate(counts)
        if count
    ]
    return sorted(pairs, key=lambda pair: (-pair["count"], -pair["share"]))[:limit]


def threshold_words(evaluation: Evaluation) -> str:
    """Which threshold would have been best, and what it gains."""
    thresholds = evaluation["thresholds"]
    by_score = {row["score"]: row for row in thresholds["scores"]}
    best, usual = by_score[thresholds["recommended_score"]], by_score[thresholds["score"]]
    if best["iou"] <= usual["iou"]:
        return f"No other threshold has a better IoU on these images than {usual['score']:g}, the one that is used."
    return (
        f"IoU is best when labels are given from {best['score']:g} on: {best['iou']:.4g} against {usual['iou']:.4g} at "
        f"{usual['score']:g}. It was chosen on these same images, so on others it gains less."
    )


def mark_labels(row: dict[str, Any], names: list[str]) -> list[dict[str, Any]]:
    """The labels that are on an image or were given to it: `{label, kind, probability}`, mistakes first.

    `kind` is `missed`, `false` or `right`. `names` is the order of the row's probabilities.
    """
    probabilities = dict(zip(names, row["probabilities"], strict=False))
    right = [label for label in row["truth"] if label in row["predicted"]]
    kinds = (("missed", row["missed_labels"]), ("false", row["false_labels"]), ("right", right))
    return [
        {"label": label, "kind": kind, "probability": probabilities.get(label)}
        for kind, labels in kinds
        for label in labels
    ]
