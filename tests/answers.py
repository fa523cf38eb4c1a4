"""What an endpoint that finds objects answers, checked against its schema."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


def check_boxes(answer: list[dict[str, Any]], names: Collection[str], has_polygons: bool) -> None:
    """One image's answer: boxes within the image, of known labels, with their outlines or without (SPEC §3.2)."""
    (element,) = answer
    assert set(element) == {"boxes"}
    for found in element["boxes"]:
        assert found["label"] in names
        assert 0 <= found["score"] <= 1
        box = found["box"]
        assert 0 <= box["topX"] < box["bottomX"] <= 1
        assert 0 <= box["topY"] < box["bottomY"] <= 1
        assert ("polygon" in found) == has_polygons
