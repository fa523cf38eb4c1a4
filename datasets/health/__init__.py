"""What of a dataset version deserves attention, in words: each check is a function of its statistics."""

from datasets.health.checks import CHECKS, judge, knows_all
from datasets.health.verdicts import Facts, Level, Verdict

__all__ = ["CHECKS", "Facts", "Level", "Verdict", "judge", "knows_all"]
