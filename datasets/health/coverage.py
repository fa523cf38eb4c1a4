"""Checks of what is there at all: labels on the images, a validation split, rows the import could not use."""

from __future__ import annotations

from datasets.health.verdicts import Facts, Level, Verdict, good, say

FEW_HELD_OUT = 50  # validation images


def check_unlabelled(facts: Facts) -> Verdict | None:
    """Images nobody labelled."""
    count = facts.statistics.get("unlabelled")
    if count is None or not facts.images:
        return None
    if not count:
        return good("Every image is labelled")
    return Verdict(
        Level.WARNING,
        f"{say(count, 'image is', 'images are')} not labelled",
        "They are kept and left out of training: label them, or import them as background.",
        f"{count / facts.images:.1%} of all images".replace("%", " %"),
        images={"unlabelled": 1},
        fix="export",
    )


def check_validation(facts: Facts) -> Verdict | None:
    """Whether enough is held back to measure with."""
    if not facts.images:
        return None
    held = facts.splits.get("validation", 0)
    if not held:
        return Verdict(
            Level.NOTE,
            "There is no validation split",
            "Each job sets 20 % of the training images aside by itself; assign splits to keep them the same for all.",
            fix="splits",
        )
    if held < FEW_HELD_OUT:
        return Verdict(
            Level.NOTE,
            f"The validation split has {say(held, 'image')}",
            f"One image more or less moves a score by {100 / held:.1f} points: small differences mean nothing.",
            images={"split": "validation"},
            fix="splits",
        )
    return good(f"{held:,} images ({held / facts.images:.0%}".replace("%", " %") + ") are held back for validation")


def check_import(facts: Facts) -> Verdict | None:
    """Rows the import left out."""
    if not facts.errors:
        return good("The import could use every row")
    return Verdict(
        Level.WARNING,
        f"The import found {say(facts.errors, 'error')}",
        "What could not be understood is missing here; the report names each with its file and line.",
        code="*",
    )
