"""Finding trials."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from jobs.models import Job, Trial
from vision.errors import NotFoundError


def list_trials(job: Job) -> QuerySet[Trial]:
    """A job's trials by number."""
    return Trial.objects.filter(job=job).select_related("job__best_trial", "node").order_by("number")


def list_comparable(job: Job) -> QuerySet[Trial]:
    """The trials of other jobs that do the same task and are validated on images of the same dataset version, the
    newest first. Which images those are may differ where the version has no validation split of its own."""
    version = job.validation_data_id or job.training_data_id
    is_validated_on = Q(job__validation_data=version) | Q(job__validation_data=None, job__training_data=version)
    others = Trial.objects.filter(is_validated_on, job__task_type=job.task_type).exclude(job=job)
    return others.select_related("job__training_data__dataset", "job__validation_data__dataset").order_by("-pk")


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
