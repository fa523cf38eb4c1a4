"""The confusion matrix of a multi-class model as tables to draw: shares, shades and where each cell leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

MOST_LABELS = 60  # a larger matrix can't be read on a screen; its most confused pairs can
UNANSWERED = "no answer"
_SHADES = 10

Link = Callable[..., str]
Evaluation = Mapping[str, Any]
Matrix = Sequence[Sequence[int]]


def matrix_at(evaluation: Evaluation, score: float) -> Matrix:
    """Counts [C, C], or [C, C+1] with those that got no answer in the last column where the threshold leaves any."""
    matrices = evaluation.get("thresholds", {}).get("confusion_matrices", [])
    chosen = next((one["matrix"] for one in matrices if score and one["score"] == score), None)
    matrix: Matrix = evaluation["confusion_matrix"] if chosen is None else chosen
    return matrix


def confusion_table(evaluation: Evaluation, link: Link, score: float = 0.0) -> dict[str, Any] | None:
    """Rows of cells `{count, share, shade, is_diagonal, title, url}`; `share` is of the row, `shade` 0–10.

    `link(**filters)` makes the address of the predictions with these filters.
    """
    names: list[str] = evaluation["label_names"]
    if len(names) > MOST_LABELS:
        return None
    matrix = matrix_at(evaluation, score)
    rows = [
        {"label": name, "total": sum(counts), "cells": _cells(name, names, counts, link)}
        for name, counts in zip(names, matrix, strict=True)
    ]
    columns = [*names, UNANSWERED][: len(matrix[0])] if matrix else names
    return {"columns": columns, "rows": rows}


def _cells(truth: str, names: list[str], counts: Sequence[int], link: Link) -> list[dict[str, Any]]:
    total = sum(counts) or 1
    cells = []
    for place, count in enumerate(counts):
        predicted = names[place] if place < len(names) else ""
        filters = {"truth": truth, "predicted": predicted} if predicted else {"truth": truth, "unanswered": "1"}
        words = f"predicted {predicted}" if predicted else "that got no answer"
        cells.append(
            {
                "count": count,
                "share": count / total,
                "shade": -(-count * _SHADES // total),  # rounded up: one mistake must not look like none
                "is_diagonal": truth == predicted,
                "title": f"{count} of {sum(counts)} images of {truth} {words}",
                "url": link(**filters) if count else "",
            }
        )
    return cells


def most_confused(evaluation: Evaluation, link: Link, score: float = 0.0, limit: int = 8) -> list[dict[str, Any]]:
    """The pairs mistaken most often, `{truth, predicted, count, share, url}`."""
    names: list[str] = evaluation["label_names"]
    pairs: list[dict[str, Any]] = [
        {
            "truth": truth,
            "predicted": predicted,
            "count": count,
            "share": count / (sum(counts) or 1),
            "url": link(truth=truth, predicted=predicted),
        }
        for truth, counts in zip(names, matrix_at(evaluation, score), strict=True)
        for predicted, count in zip(names, counts, strict=False)
        if truth != predicted and count
    ]
    return sorted(pairs, key=lambda pair: (-pair["count"], -pair["share"]))[:limit]


def class_rows(evaluation: Evaluation, link: Link, score: float = 0.0) -> list[dict[str, Any]]:
    """The labels, the one with the lowest F1 first; each count leads to its images.

    Precision, recall, F1 and counts are those at the threshold, the areas those of all thresholds.
    """
    matrix = matrix_at(evaluation, score)
    given = [sum(row[place] for row in matrix) for place in range(len(evaluation["label_names"]))]
    rows = []
    for place, row in enumerate(evaluation["per_label"]):
        right, support = matrix[place][place], sum(matrix[place])
        missed, false = support - right, given[place] - right
        rows.append(
            row
            | {
                "precision": _divide(right, given[place]),
                "recall": _divide(right, support),
                "f1_score": _divide(2 * right, support + given[place]),
                "true_positives": right,
                "false_negatives": missed,
                "false_positives": false,
                "right_url": link(truth=row["label"], predicted=row["label"]) if right else "",
                "missed_url": link(missed=row["label"]) if missed else "",
                "false_url": link(false=row["label"]) if false else "",
            }
        )
    return sorted(rows, key=lambda row: (row["f1_score"], row["label"]))


def _divide(part: int, whole: int) -> float:
    """0 where there is nothing to divide by, as the metrics have it."""
    return part / whole if whole else 0.0
