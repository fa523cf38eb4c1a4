"""Checks of pictures that stand several times: across splits, under different labels, or only too often."""

from __future__ import annotations

from typing import Any

from datasets.health.verdicts import Facts, Level, Verdict, good, link_rows, say


def check_leaks(facts: Facts) -> Verdict | None:
    """One file in two splits."""
    found = _find(facts, "leaks", "exact")
    if found is None or len([split for split, count in facts.splits.items() if count]) < 2:
        return None
    if not found["groups"]:
        return good("No image stands in two splits")
    return Verdict(
        Level.BAD,
        f"{say(found['groups'], 'picture stands', 'pictures stand')} in two splits",
        "What was trained on is recognised by heart: scores on it look better than the model is.",
        **_show(found),
        code="image_in_two_splits",
        fix="splits",
        section="leaks-exact",
    )


def check_near_leaks(facts: Facts) -> Verdict | None:
    """Pictures that look the same in two splits."""
    found = _find(facts, "leaks", "near")
    if found is None or len([split for split, count in facts.splits.items() if count]) < 2:
        return None
    if not found["clusters"]:
        return good("No near-duplicates lie across two splits")
    return Verdict(
        Level.WARNING,
        f"{say(found['clusters'], 'group', 'groups')} of near-duplicates "
        f"{'lies' if found['clusters'] == 1 else 'lie'} across splits",
        "Frames of one scene or scaled copies on both sides make scores look better than the model is.",
        **_show(found),
        fix="splits",
        section="leaks-near",
    )


def check_conflicts(facts: Facts) -> Verdict | None:
    """One file under different labels."""
    found = facts.statistics.get("conflicts")
    if found is None:
        return None
    if not found["groups"]:
        return good("No picture has two different labels")
    return Verdict(
        Level.BAD,
        f"{say(found['groups'], 'picture is', 'pictures are')} labelled in different ways",
        "The same file stands in several rows that contradict each other: the network is taught both.",
        **_show(found),
        code="conflicting_labels",
        fix="export",
        section="conflicts",
    )


def check_duplicates(facts: Facts) -> Verdict | None:
    """One file in several rows."""
    found = _find(facts, "duplicates", "exact")
    if found is None:
        return None
    if not found["groups"]:
        return good("No file stands there twice")
    return Verdict(
        Level.NOTE,
        f"{say(found['groups'], 'file stands', 'files stand')} in {found['images']:,} rows",
        "Repeats count for more in training and make a class look larger than it is.",
        **_show(found),
        section="duplicates-exact",
    )


def check_near_duplicates(facts: Facts) -> Verdict | None:
    """Files that look the same."""
    found = _find(facts, "duplicates", "near")
    if found is None:
        return None
    if not found["clusters"]:
        return good("No two pictures look the same")
    return Verdict(
        Level.NOTE,
        f"{found['images']:,} images in {say(found['clusters'], 'group', 'groups')} look nearly the same",
        "Near-duplicates add little to learn from; when splits are assigned here they stay together.",
        **_show(found),
        section="duplicates-near",
    )


def _find(facts: Facts, kind: str, how: str) -> dict[str, Any] | None:
    return (facts.statistics.get(kind) or {}).get(how)


def _show(found: dict[str, Any]) -> dict[str, Any]:
    rows = {row for group in found["examples"] for row in group}
    return {"images": link_rows(rows), "shown": 0 if len(rows) == found["images"] else len(rows)}
