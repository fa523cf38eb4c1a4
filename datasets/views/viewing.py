"""One image with all that is known of it, for the viewer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from datasets.drawing import Shape, draw_cell, find_series
from datasets.models import DatasetVersion
from vision.data.finding_codes import explain_code

_LISTED = 500  # objects beside the image
_SHOWN_TEXT = 50_000  # characters of an annotation
_FRACTION = 60  # of the image's longer side: the names on it before a script knows the screen


def describe_row(version: DatasetVersion, row: Mapping[str, Any]) -> dict[str, Any]:
    """The image, its drawing, its objects and its findings."""
    cell = json.loads(row["annotation"] or "null")
    drawing = draw_cell(cell, row["width"], row["height"], version.label_names)
    objects = sorted(drawing.shapes, key=lambda shape: shape.number) if drawing else []
    pretty = json.dumps(cell, indent=2, ensure_ascii=False)
    return {
        "row": row,
        "is_unlabelled": cell is None,
        "labels": [
            {"label": label, "series": find_series(label, version.label_names)} for label in row["labels"] or []
        ],
        "label_text": ", ".join(row["labels"] or []),
        "drawing": drawing,
        "letter_height": max(row["width"], row["height"]) / _FRACTION,
        "has_masks": any(shape.path for shape in objects),
        "objects": [_describe_object(shape) for shape in objects[:_LISTED]],
        "more_objects": max(0, len(cell) - _LISTED) if drawing else 0,
        "annotation": pretty[:_SHOWN_TEXT],
        "source": (row["source"] or "")[:_SHOWN_TEXT],
        "is_cut": len(pretty) > _SHOWN_TEXT or len(row["source"] or "") > _SHOWN_TEXT,
        "problems": _list_problems(version, row),
    }


def _describe_object(shape: Shape) -> dict[str, Any]:
    return {"shape": shape, "width": max(1, round(shape.width)), "height": max(1, round(shape.height))}


def _list_problems(version: DatasetVersion, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The findings about a row: in the report's own words where it kept them, else what their codes mean."""
    findings = [*version.report.get("errors", []), *version.report.get("warnings", [])]
    place = {"file": row["source_file"], "line": row["source_line"], "image": row["path"]}
    said: dict[str, str] = {}
    for finding in findings:
        if finding.get("code") in (row["problems"] or []) and all(
            finding.get(key, value) == value for key, value in place.items()
        ):
            said.setdefault(finding["code"], finding["message"])
    return [{"info": explain_code(code), "message": said.get(code, "")} for code in row["problems"] or []]
