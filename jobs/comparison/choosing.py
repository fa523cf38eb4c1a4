"""Which trials an address names to be compared."""

from __future__ import annotations

from collections.abc import Sequence

from jobs import selectors
from jobs.models import Job, Trial

MOST = 6  # colours and columns that can still be told apart
_NAMED = 3  # of those that there are not


def choose_trials(job: Job, wanted: Sequence[str]) -> tuple[list[Trial], list[str]]:
    """The trials that are named, each once and no more than `MOST`, and in words what is wrong with the rest.

    A trial of the job goes by its number or name, one of a job that it can be compared with by name.
    """
    known = {key: trial for trial in job.trials.all() for key in (str(trial.number), trial.name)}
    asked = list(dict.fromkeys(one for one in wanted if one))
    named = [known.get(one) or _find_other(job, one) for one in asked]
    found = list(dict.fromkeys(trial for trial in named if trial is not None))
    unknown = [repr(one[:60]) for one, trial in zip(asked, named, strict=True) if trial is None]
    problems = []
    if unknown:
        more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        where = "neither here nor among the jobs of this task on this validation data"
        problems.append(f"There is no trial {', '.join(unknown[:_NAMED])}{more}: {where}.")
    if len(found) > MOST:
        left_out = ", ".join(label_trial(trial, job) for trial in found[MOST:])
        problems.append(f"At most {MOST} trials stand beside each other. Left out: {left_out}.")
    if len(found) < 2 and asked:
        problems.append("A comparison takes two trials or more.")
    return found[:MOST], problems


def label_trial(trial: Trial, job: Job) -> str:
    """What to call a trial on a page of the job."""
    return f"Trial {trial.number}" if trial.job_id == job.pk else trial.name


def key_trial(trial: Trial, job: Job) -> str:
    """How the address of a page of the job names a trial."""
    return str(trial.number) if trial.job_id == job.pk else trial.name


def _find_other(job: Job, name: str) -> Trial | None:
    job_name, _, number = name.rpartition("_HD_")
    if not job_name or not number.isdecimal() or len(number) > 6 or "\0" in job_name:
        return None
    return selectors.list_comparable(job).filter(job__name=job_name[:200], number=int(number)).first()
