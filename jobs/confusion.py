"""The confusion matrix as a table to draw: shares, shades and where each cell leads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MOST_LABELS = 60  # a larger matrix can't be read on a screen; its most confused pairs can
_SHADES = 10

Link = Callable[[str, str], str]


def confusion_table(evaluation: dict[str, Any], link: Link) -> dict[str, Any] | None:
    """Rows of cells `{count, share, shade, is_diagonal, title, url}`; `share` is of the row, `shade` 0–10."""
    names: list[str] = evaluation["label_names"]
    if len(names) > MOST_LABELS:
        return None
    rows = [
        {"label": name, "total": sum(counts), "cells": _cells(name, names, counts, link)}
        for name, counts in zip(names, evaluation["confusion_matrix"], strict=True)
    ]
    return {"label_names": names, "rows": rows}


def _cells(truth: str, names: list[str], counts: list[int], link: Link) -> list[dict[str, Any]]:
    total = sum(counts) or 1
    return [
        {
            "count": count,
            "share": count / total,
            "shade": -(-count * _SHADES // total),  # rounded up: one mistake must not look like none
            "is_diagonal": truth == predicted,
            "title": f"{count} of {sum(counts)} images of {truth} predicted {predicted}",
            "url": link(truth, predicted) if count else "",
        }
        for predicted, count in zip(names, counts, strict=True)
    ]


def most_confused(evaluation: dict[str, Any], link: Link, limit: int = 8) -> list[dict[str, Any]]:
    """The pairs mistaken most often, `{truth, predicted, count, share, url}`."""
    names: list[str] = evaluation["label_names"]
    pairs = [
        {
            "truth": names[i],
            "predicted": names[j],
            "count": count,
            "share": count / (sum(counts) or 1),
            "url": link(names[i], names[j]),
        }
        for i, counts in enumerate(evaluation["confusion_matrix"])
        for j, count in enumerate(counts)
        if i != j and count
    ]
    return sorted(pairs, key=lambda pair: (-pair["count"], -pair["share"]))[:limit]
