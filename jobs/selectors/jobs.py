"""Finding jobs."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from jobs.models import Job, Trial
from vision.errors import NotFoundError

_MOST = 200


def list_jobs() -> QuerySet[Job]:
    """Every job, newest first, with all that its shape and a list's row need."""
    trials = Trial.objects.select_related("job", "node").order_by("number")
    return (
        Job.objects.select_related(
            "training_data__dataset", "validation_data__dataset", "best_trial__job", "best_trial__node", "created_by"
        )
        .prefetch_related(Prefetch("trials", queryset=trials))
        .order_by("-id")
    )


def get_job(name: str) -> Job:
    """The job of that name.

    Raises:
        NotFoundError: no such job.
    """
    job = list_jobs().filter(name=name).first()
    if job is None:
        raise NotFoundError(f"There is no job named {name[:100]!r}.", hint="The Jobs page lists them.")
    return job


def page_jobs(cursor: str | None = None, limit: int = 50, status: str | None = None) -> tuple[list[Job], str | None]:
    """A page of jobs, newest first, and the cursor of the next.

    Raises:
        NotFoundError: a cursor that is none of ours.
    """
    limit = max(1, min(limit, _MOST))
    jobs = list_jobs()
    if status:
        jobs = jobs.filter(status=status)
    if cursor:
        if not cursor.isdecimal() or len(cursor) > 15:
            raise NotFoundError(f"{cursor[:40]!r} is not a cursor.", hint="Take it from `next` of the page before.")
        jobs = jobs.filter(pk__lt=int(cursor))
    found = list(jobs[: limit + 1])
    return found[:limit], str(found[limit - 1].pk) if len(found) > limit else None


def find_by_submission_key(key: str) -> Job | None:
    return list_jobs().filter(submission_key=key).first()
