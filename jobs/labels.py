"""The evaluation of a multi-label trial as tables: where labels were missed, and where they were falsely given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Evaluation = dict[str, Any]
Link = Callable[..., str]


def label_rows(evaluation: Evaluation, link: Link) -> list[dict[str, Any]]:
    """The labels, the one with the lowest IoU first; each count leads to its images.

    `link(**filters)` makes the address of the predictions with these filters.
    """
    rows = [
        row
        | {
            "right_url": link(truth=row["label"], predicted=row["label"]) if row["true_positives"] else "",
            "missed_url": link(missed=row["label"]) if row["false_negatives"] else "",
            "false_url": link(false=row["label"]) if row["false_positives"] else "",
        }
        for row in evaluation["per_label"]
    ]
    return sorted(rows, key=lambda row: (row["iou"], row["label"]))


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


def threshold_words(evaluation: Evaluation) -> dict[str, Any] | None:
    """The threshold that would have been best and what it gains; None where the usual one is as good."""
    thresholds = evaluation["thresholds"]
    by_score = {row["score"]: row for row in thresholds["scores"]}
    best, usual = by_score[thresholds["recommended_score"]], by_score[thresholds["score"]]
    if best["iou"] <= usual["iou"]:
        return None
    return {"score": best["score"], "iou": best["iou"], "usual": usual["score"], "usual_iou": usual["iou"]}


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
