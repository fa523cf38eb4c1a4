"""Several trials beside each other: what was set differently, what came of it, and how it went."""

from jobs.comparison.choosing import MOST, choose_trials, key_trial, label_trial
from jobs.comparison.curves import overlaid_charts
from jobs.comparison.metrics import MetricGroup, metric_groups
from jobs.comparison.parameters import Setting, compare_parameters
from jobs.comparison.primary import PrimaryCell, primary_cells

__all__ = [
    "MOST",
    "MetricGroup",
    "PrimaryCell",
    "Setting",
    "choose_trials",
    "compare_parameters",
    "key_trial",
    "label_trial",
    "metric_groups",
    "overlaid_charts",
    "primary_cells",
]
