"""All checks, in the order in which findings of one weight are shown."""

from __future__ import annotations

from collections.abc import Callable

from datasets.health import classes, coverage, repeats, shapes
from datasets.health.verdicts import Facts, Level, Verdict

CHECKS: list[Callable[[Facts], Verdict | None]] = [
    repeats.check_leaks,
    repeats.check_conflicts,
    classes.check_untrained,
    classes.check_few,
    repeats.check_near_leaks,
    classes.check_held_out,
    classes.check_twins,
    classes.check_balance,
    coverage.check_unlabelled,
    coverage.check_import,
    coverage.check_validation,
    shapes.check_tiny,
    shapes.check_stretched_objects,
    shapes.check_small_images,
    shapes.check_stretched_images,
    repeats.check_duplicates,
    repeats.check_near_duplicates,
]
_LEVELS = list(Level)
_NEWEST = ("sizes", "small_images")  # figures that statistics of an earlier Darkroom lack


def judge(facts: Facts) -> list[Verdict]:
    """What each check says, the worst first. A check whose figures are missing says nothing."""
    said = [verdict for check in CHECKS if (verdict := check(facts)) is not None]
    return sorted(said, key=lambda verdict: _LEVELS.index(verdict.level))


def knows_all(facts: Facts) -> bool:
    """Whether the statistics have every figure that is computed today."""
    return all(name in facts.statistics for name in _NEWEST)
