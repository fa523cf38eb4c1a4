"""Checks of the classes: enough of each, in each split, and no class twice under two names."""

from __future__ import annotations

from datasets.health.verdicts import Facts, Level, Verdict, good, link_labels, name_some, say

FEW = 10  # training images; Azure's documentation asks for as many
_EQUAL = 1.5
IMBALANCED = 10.0  # times as many images as the smallest class
_HELD_OUT = {"validation": "validation", "test": "test"}


def check_few(facts: Facts) -> Verdict | None:
    """Classes with too few training images."""
    counts = [(entry["label"], entry["train"]) for entry in facts.labels if entry["train"]]
    if not counts:
        return None
    few = [(label, count) for label, count in reversed(counts) if count < FEW]
    if not few:
        return good(f"Every class has {min(count for _, count in counts):,} training images or more")
    return Verdict(
        Level.BAD,
        f"{say(len(few), 'class has', 'classes have')} fewer than {FEW} training images",
        "A network hardly learns a class from so few pictures: add images, or merge the class with another.",
        name_some(f"{label} ({count:,})" for label, count in sorted(few, key=lambda entry: entry[1])),
        images=link_labels(label for label, _ in few) | {"split": "train"},
        fix="classes",
    )


def check_untrained(facts: Facts) -> Verdict | None:
    """Classes that stand in no training image."""
    if not facts.labels or not facts.splits.get("train"):
        return None
    labels = [entry["label"] for entry in facts.labels if not entry["train"]]
    if not labels:
        return None
    return Verdict(
        Level.BAD,
        f"{say(len(labels), 'class has', 'classes have')} no training image",
        "It cannot be learned, and every image of it counts as a mistake." if len(labels) == 1 else
        "They cannot be learned, and every image of them counts as a mistake.",
        name_some(labels),
        images=link_labels(labels),
        fix="splits",
    )  # fmt: skip


def check_held_out(facts: Facts) -> Verdict | None:
    """Classes that validation, or the test split, does not have."""
    splits = [split for split in _HELD_OUT if facts.splits.get(split)]
    if not facts.labels or not splits:
        return None
    missing = {split: [entry["label"] for entry in facts.labels if not entry[split]] for split in splits}
    labels = sorted({label for named in missing.values() for label in named})
    if not labels:
        return good(f"Every class has {' and '.join(splits)} images")
    where = " or ".join(split for split in splits if missing[split])
    return Verdict(
        Level.WARNING,
        f"{say(len(labels), 'class has', 'classes have')} no {where} image",
        "How well a class is recognised cannot be measured where no image of it was held back.",
        name_some(labels),
        images=link_labels(labels),
        fix="splits",
    )


def check_balance(facts: Facts) -> Verdict | None:
    """The largest class against the smallest."""
    counts = [(entry["train"] or entry["total"], entry["label"]) for entry in facts.labels]
    if len(counts) < 2:
        return None
    (smallest, rare), (largest, frequent) = min(counts), max(counts)
    ratio = largest / smallest
    if ratio < _EQUAL:
        return good("The classes have about as many images each")
    if ratio <= IMBALANCED:
        return good(f"The largest class has {ratio:.2g} times the images of the smallest")
    return Verdict(
        Level.WARNING,
        f"The largest class has {ratio:,.0f} times the images of the smallest",
        "A network leans to what it sees most: rare classes are found late or never.",
        f"{frequent} ({largest:,}), {rare} ({smallest:,})",
        images={"label": [rare]},
        section="classes",
    )


def check_twins(facts: Facts) -> Verdict | None:
    """Names that differ by case, spaces or dashes only."""
    groups = facts.statistics.get("near_twins")
    if groups is None or not facts.labels:
        return None
    if not groups:
        return good("No two class names are nearly the same")
    return Verdict(
        Level.WARNING,
        f"{say(len(groups), 'class stands', 'classes stand')} under names that are nearly the same",
        "Each name is learned as a class of its own, against the other; merge them if they mean the same.",
        name_some(" and ".join(f"“{name}”" for name in names) for names in groups),
        images=link_labels(name for names in groups for name in names),
        code="near_twin_labels",
        fix="classes",
    )
