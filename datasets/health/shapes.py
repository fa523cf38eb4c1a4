"""Checks of sizes and shapes: what is too small, or too long, for what a network is shown."""

from __future__ import annotations

from typing import Any

from datasets.health.verdicts import Facts, Level, Verdict, good, link_rows, say
from vision.data.image_figures import SMALL
from vision.data.image_figures import STRETCHED as STRETCHED_IMAGE
from vision.data.object_figures import STRETCHED as STRETCHED_OBJECT

_WORTH_SAYING = 0.01  # of all objects; fewer are a note


def check_tiny(facts: Facts) -> Verdict | None:
    """Objects that vanish when the image is scaled for training."""
    found = facts.statistics.get("tiny_objects")
    total = (facts.statistics.get("objects") or {}).get("total")
    if found is None or not total:
        return None
    if not found["objects"]:
        return good("No object is tiny")
    return Verdict(
        _weigh(found["objects"], total),
        f"{say(found['objects'], 'object is', 'objects are')} tiny: under 8 px where images are trained at 640 px",
        "A detector steps over the image in 8 px: train such objects larger, or cut the images into tiles.",
        f"{_percent(found['objects'] / total)} of all objects, on {say(found['images'], 'image')}",
        **_show(found),
        section="objects",
    )


def check_stretched_objects(facts: Facts) -> Verdict | None:
    """Boxes that are very long."""
    found = facts.statistics.get("stretched_objects")
    total = (facts.statistics.get("objects") or {}).get("total")
    if found is None or not total:
        return None
    if not found["objects"]:
        return good(f"No box is over {STRETCHED_OBJECT:.0f} times as long as wide")
    return Verdict(
        _weigh(found["objects"], total),
        f"{say(found['objects'], 'box is', 'boxes are')} over {STRETCHED_OBJECT:.0f} times as long as wide",
        "Few detectors expect such shapes, and a box this thin is often a slip of the mouse.",
        f"{_percent(found['objects'] / total)} of all objects, on {say(found['images'], 'image')}",
        **_show(found),
        section="objects",
    )


def check_stretched_images(facts: Facts) -> Verdict | None:
    """Panoramas and strips."""
    found = facts.statistics.get("stretched_images")
    if found is None:
        return None
    if not found["images"]:
        return good(f"No image is over {STRETCHED_IMAGE:.0f} times as long as wide")
    return Verdict(
        Level.NOTE,
        f"{say(found['images'], 'image is', 'images are')} over {STRETCHED_IMAGE:.0f} times as long as wide",
        "Scaled to the size that is trained, little is left of the shorter side: cut them into parts.",
        **_show(found),
        section="images",
    )


def check_small_images(facts: Facts) -> Verdict | None:
    """Images that would have to be enlarged a lot."""
    found = facts.statistics.get("small_images")
    if found is None:
        return None
    if not found["images"]:
        return good(f"Every image is at least {SMALL} px wide and high")
    return Verdict(
        Level.NOTE if found["images"] < facts.images else Level.WARNING,
        f"{say(found['images'], 'image is', 'images are')} under {SMALL} px wide or high",
        "Networks are shown 200 px and more; enlarged that far there is little to see. Are they thumbnails?",
        **_show(found),
        section="images",
    )


def _weigh(count: int, total: int) -> Level:
    return Level.WARNING if count >= _WORTH_SAYING * total else Level.NOTE


def _percent(share: float) -> str:
    return "under 0.1 %" if share < 0.001 else f"{share * 100:.1f} %"


def _show(found: dict[str, Any]) -> dict[str, Any]:
    return {"images": link_rows(found["rows"]), "shown": 0 if len(found["rows"]) == found["images"] else
            len(found["rows"])}  # fmt: skip
