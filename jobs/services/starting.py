"""The run whose weights another one starts from (`checkpoint_run_id`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jobs.models import Job, Trial
from vision.errors import Detail, InvalidDocumentError
from vision.spec.parameters import PARAMETERS

PARAMETER = "checkpoint_run_id"
WEIGHTS = "outputs/model.safetensors"
_TRIAL_NAME = re.compile(r"(?P<job>.+)_HD_(?P<number>\d{1,6})")


def find_start(run_id: str) -> Trial | None:
    """The trial of that id (`<job>_HD_<n>`), or the best one of the job of that name."""
    trials = Trial.objects.select_related("job")
    if match := _TRIAL_NAME.fullmatch(run_id):
        found = trials.filter(job__name=match["job"], number=int(match["number"])).first()
        if found is not None:
            return found
    best = Job.objects.filter(name=run_id).values_list("best_trial_id", flat=True).first()
    return trials.filter(pk=best).first() if best else None


def check_start(task_type: str, values: Mapping[str, Any]) -> None:
    """Whether the resolved parameters name a run that can be started from; they may name none.

    Raises:
        InvalidDocumentError: there is no such run, it left no weights, or it trained something else.
    """
    run_id = values.get(PARAMETER)
    if not run_id:
        return
    problem = _find_fault(find_start(run_id), run_id, task_type, values)
    if problem:
        details = [Detail(problem, code="checkpoint_unusable", path=f"training_parameters.{PARAMETER}")]
        raise InvalidDocumentError(problem, hint="Name a completed trial, or leave it out.", details=details)


def _find_fault(trial: Trial | None, run_id: str, task_type: str, values: Mapping[str, Any]) -> str:
    if trial is None:
        return f"There is no trial named {run_id[:100]}."
    if not trial.outputs_key:
        return f"{trial.name} is {trial.get_status_display().lower()}: it left no weights."
    if trial.job.task_type != task_type:
        return f"{trial.name} was trained for {trial.job.task_type}, not for {task_type}."
    for name in ("model_name", "model_size"):
        earlier, now = trial.params.get(name), values.get(name)
        if earlier != now:
            title = PARAMETERS.get(name).title.lower()
            return f"{trial.name} trained the {title} {earlier}, this job trains {now}."
    return ""
