"""What can only be seen over all rows: repeats, contradictions, leaks between splits, near-twin names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from vision.data.records import Record
from vision.data.report import Action, Report

_OFF_BY = 1  # px; tools that scale images round either way


def drop_repeats(records: Sequence[Record], report: Report) -> list[Record]:
    """The records without those that say again what an earlier one said; each of these is reported."""
    seen: dict[tuple[str, str, str], Record] = {}
    kept = []
    for record in records:
        first = seen.setdefault((record.image, record.split, record.annotation), record)
        if first is record:
            kept.append(record)
        else:
            message = f"The same image with the same label stands already in {first.file}, line {first.line}."
            place = {"file": record.file, "line": record.line, "image": record.image}
            report.warning("repeated_row", message, Action.DROPPED, **place)
    return kept


def report_sizes(rows: Sequence[Mapping[str, Any]], report: Report) -> None:
    """Sizes the labels claim against those the images have; either way round, as EXIF may have turned it."""
    for row in rows:
        width, height = row["declared"]
        if width is None or height is None:
            continue
        real = (row["width"], row["height"])
        if not any(_is_near((width, height), size) for size in (real, real[::-1])):
            message = (
                f"image_details says {width} × {height} px, the image has {real[0]} × {real[1]}; the image is right."
            )
            report.warning("size_mismatch", message, Action.REPAIRED, **_place(row))


def report_conflicts(rows: Sequence[Mapping[str, Any]], report: Report) -> None:
    """The same picture under different labels."""
    first: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        other = first.setdefault(row["sha256"], row)
        if other["annotation"] != row["annotation"]:
            message = (
                f"The same image is labelled {_names(row)} here and {_names(other)} in "
                f"{other['source_file']}, line {other['source_line']}."
            )
            report.warning("conflicting_labels", message, **_place(row))


def report_leaks(rows: Sequence[Mapping[str, Any]], report: Report) -> None:
    """The same picture in two splits: scores on it say too much."""
    first: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        other = first.setdefault(row["sha256"], row)
        if other["split"] != row["split"]:
            message = (
                f"The image is in the {row['split']} split and, in {other['source_file']}, line "
                f"{other['source_line']}, in the {other['split']} split: it makes the score look better than it is."
            )
            report.warning("image_in_two_splits", message, **_place(row))


def report_twins(rows: Sequence[Mapping[str, Any]], report: Report) -> None:
    """Class names that differ by case or spaces only."""
    counts = Counter(label for row in rows for label in row["labels"])
    groups: dict[str, list[str]] = defaultdict(list)
    for label in counts:
        groups[" ".join(label.casefold().replace("_", " ").replace("-", " ").split())].append(label)
    for names in groups.values():
        if len(names) > 1:
            listed = ", ".join(f"{name!r} ({counts[name]})" for name in sorted(names))
            message = (
                f"These labels differ only by case, spaces or dashes: {listed}. They are kept as different classes."
            )
            report.warning("near_twin_labels", message)


def _is_near(first: tuple[int, int], second: tuple[int, int]) -> bool:
    return all(abs(left - right) <= _OFF_BY for left, right in zip(first, second, strict=True))


def _names(row: Mapping[str, Any]) -> str:
    return ", ".join(row["labels"]) or "nothing"


def _place(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"file": row["source_file"], "line": row["source_line"], "image": row["path"]}
