"""Finding trials."""

from __future__ import annotations

from django.db.models import QuerySet

from jobs.models import Job, Trial
from vision.errors import NotFoundError


def list_trials(job: Job) -> QuerySet[Trial]:
    """A job's trials by number."""
    return Trial.objects.filter(job=job).select_related("job__best_trial", "node").order_by("number")


def get_trial(job_name: str, number: int) -> Trial:
    """One trial of a job.

    Raises:
        NotFoundError: no such job or trial.
    """
    trials = Trial.objects.select_related(
        "job__training_data__dataset", "job__validation_data__dataset", "node", "job__best_trial"
    )
    trial = trials.filter(job__name=job_name, number=number).first()
    if trial is not None:
        return trial
    if not Job.objects.filter(name=job_name).exists():
        raise NotFoundError(f"There is no job named {job_name[:100]!r}.", hint="The Jobs page lists them.")
    raise NotFoundError(f"Job {job_name} has no trial {number}.", hint="Its page lists its trials; they count from 0.")
