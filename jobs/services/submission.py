"""From a job document to a job that waits to run."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, transaction

from jobs.models import Job
from jobs.selectors import find_by_submission_key, get_job
from jobs.services.advance import advance_job
from jobs.services.names import make_job_name
from jobs.services.planning import Plan, plan_job
from vision.errors import ConflictError, Detail
from vision.spec.job import JobSpec, parse_job
from vision.spec.references import DatasetReference

_LONGEST_KEY = 64


def submit_job(
    document: str | bytes | dict[str, Any],
    *,
    user: User | AnonymousUser | None = None,
    submission_key: str | None = None,
) -> Job:
    """Check the document against its data, write the job and send its first trial.

    The same `submission_key` twice gives the same job.

    Raises:
        InvalidDocumentError: the document or the data it names does not do.
        ConflictError: a job of that name is there already.
    """
    key = (submission_key or "")[:_LONGEST_KEY] or None
    if key and (job := find_by_submission_key(key)):
        return job
    spec = parse_job(document)
    plan = plan_job(spec)
    try:
        job = _write(spec, plan, user, key)
    except IntegrityError:
        if key and (earlier := find_by_submission_key(key)):
            return earlier  # the other half of a double click was faster
        raise _name_taken(spec) from None
    return get_job(job.name)


@transaction.atomic
def _write(spec: JobSpec, plan: Plan, user: User | AnonymousUser | None, key: str | None) -> Job:
    name = spec.name or make_job_name()
    job = Job.objects.create(
        name=name,
        display_name=spec.display_name or name,
        experiment_name=spec.experiment_name,
        description=spec.description,
        tags=dict(spec.tags),
        task_type=spec.task_type,
        mode=spec.mode,
        primary_metric=spec.primary_metric,
        spec=_pinned_document(spec, plan),
        plan=plan.to_dict(),
        training_data=plan.data.training,
        validation_data=plan.data.validation,
        max_trials=spec.limits.max_trials,
        max_concurrent_trials=spec.limits.max_concurrent_trials,
        timeout_minutes=spec.limits.timeout_minutes,
        submission_key=key,
        created_by=user if user is not None and user.is_authenticated else None,
    )
    advance_job(job.pk)
    return job


def _pinned_document(spec: JobSpec, plan: Plan) -> dict[str, Any]:
    """The document with `@latest` replaced by the version it stood for when the job was submitted."""
    document = spec.to_document()
    for key, version in (("training_data", plan.data.training), ("validation_data", plan.data.validation)):
        if version is not None:
            document[key] = {**document[key], "path": str(DatasetReference(version.dataset.name, version.number))}
    return document


def _name_taken(spec: JobSpec) -> ConflictError:
    return ConflictError(
        f"There is a job named {spec.name} already.",
        hint="Choose another name, or leave it out to have one made.",
        details=[Detail("This name is taken.", code="name_taken", path="name")],
    )
