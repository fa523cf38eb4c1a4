"""True and found objects as drawings over the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datasets.drawing import Drawing, Sketch, draw_cell, sketch_cell

Row = dict[str, Any]


def sketch_truth(row: Row, classes: Sequence[str]) -> Sketch | None:
    """What is there, for a thumbnail."""
    return sketch_cell(_cell(row["truth"], row), row["width"], row["height"], classes)


def sketch_found(row: Row, classes: Sequence[str], score: float) -> Sketch | None:
    """What was found with at least `score`, for a thumbnail."""
    return sketch_cell(_cell(kept(row, score), row), row["width"], row["height"], classes)


def sketch_wrong(row: Row, classes: Sequence[str], score: float) -> Sketch | None:
    """What was found and is wrong, for a thumbnail."""
    wrong = [one for one in kept(row, score) if one.get("error")]
    return sketch_cell(_cell(wrong, row), row["width"], row["height"], classes)


def draw_truth(row: Row, classes: Sequence[str]) -> Drawing | None:
    return draw_cell(_cell(row["truth"], row), row["width"], row["height"], classes)


def draw_found(row: Row, classes: Sequence[str], score: float) -> Drawing | None:
    return draw_cell(_cell(kept(row, score), row), row["width"], row["height"], classes)


def kept(row: Row, score: float) -> list[dict[str, Any]]:
    """The predictions that count at the score threshold."""
    return [one for one in row["predictions"] if one["score"] >= score]


def _cell(objects: Sequence[dict[str, Any]], row: Row) -> list[dict[str, Any]]:
    """Objects in px as a label cell: shares of the image, which the drawings take."""
    width, height = row["width"], row["height"]
    cell = []
    for one in objects:
        left, top, right, bottom = one["box"]
        entry: dict[str, Any] = {
            "label": one["label"],
            "topX": left / width,
            "topY": top / height,
            "bottomX": right / width,
            "bottomY": bottom / height,
            "isCrowd": int(bool(one.get("crowd"))),
        }
        if one.get("polygon"):
            entry["polygon"] = [
                [value / (height if index % 2 else width) for index, value in enumerate(ring)]
                for ring in one["polygon"]
            ]
        cell.append(entry)
    return cell
