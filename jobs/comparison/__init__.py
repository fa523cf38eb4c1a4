"""Several trials of a job beside each other: what was set differently, what came of it, and how it went."""

from jobs.comparison.curves import overlaid_charts
from jobs.comparison.metrics import MetricGroup, metric_groups
from jobs.comparison.parameters import Setting, compare_parameters

__all__ = ["MetricGroup", "Setting", "compare_parameters", "metric_groups", "overlaid_charts"]
