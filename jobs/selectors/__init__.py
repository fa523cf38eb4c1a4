"""Reading jobs, trials and what they made."""

from jobs.selectors.jobs import find_by_submission_key, get_job, list_jobs, page_jobs
from jobs.selectors.outputs import get_evaluation, get_onnx_check, list_outputs, list_splits, open_output
from jobs.selectors.series import metric_series, trial_log
from jobs.selectors.shapes import job_progress, job_to_dict, trial_to_dict
from jobs.selectors.trials import get_trial, list_comparable, list_trials

__all__ = [
    "find_by_submission_key",
    "get_evaluation",
    "get_job",
    "get_onnx_check",
    "get_trial",
    "job_progress",
    "job_to_dict",
    "list_comparable",
    "list_jobs",
    "list_outputs",
    "list_splits",
    "list_trials",
    "metric_series",
    "open_output",
    "page_jobs",
    "trial_log",
    "trial_to_dict",
]
