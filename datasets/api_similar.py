"""REST: images like one, and the map. Mounted in `/api/v1/datasets`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from datasets import selectors, similar
from datasets.http import paginate
from datasets.models import DatasetVersion

router = Router(tags=["datasets"])
Body = dict[str, Any]
_ROOT = "/{name}/versions/{version}"


@router.get(f"{_ROOT}/similar", response=Body, summary="The images most like one of them")
def list_similar(request: HttpRequest, name: str, version: str, row: int, limit: int = 60) -> Body:
    """Most alike first; `similarity` is a cosine, 1 for the same picture. 409 until the vectors are computed."""
    found = selectors.find_version(name, version)
    return paginate(_to_dict(found, one, "similarity") for one in similar.list_similar(found, row, limit))


@router.get(f"{_ROOT}/map", response=Body, summary="Its images on a plane, and those like no other")
def get_map(request: HttpRequest, name: str, version: str) -> Body:
    """At most 5,000 images, spread evenly, similar ones close together: `x` and `y` in -1–1, `label` the first of the
    image's. `status` is importing, off, waiting, running, ready or failed; without vectors the lists are empty."""
    found = selectors.find_version(name, version)
    state = similar.describe_state(found)
    about: Body = similar.read_about(found) if state["status"] == "ready" else {}
    drawn: Body = about.get("map", {"points": [], "labels": []})
    names = [entry["label"] for entry in drawn["labels"]]
    outliers = similar.list_outliers(found) if about else []
    return {
        **{key: state[key] for key in ("status", "progress", "phase", "error")},
        **{key: about.get(key) for key in ("method", "reason", "described")},
        "layout": drawn.get("method"),
        "points": [{"row": row, "x": x, "y": y, "label": names[label]} for row, x, y, label in drawn["points"]],
        "labels": drawn["labels"],
        "outliers": [_to_dict(found, one, "distance") for one in outliers],
    }


def _to_dict(version: DatasetVersion, match: similar.Match, score: str) -> Body:
    return selectors.item_to_dict(version, match.row) | {score: round(match.score, 4)}
