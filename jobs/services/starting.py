"""The run that another one starts from (`checkpoint_run_id`): with its best weights, or where it stopped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from jobs.models import Job, MetricPoint, Trial
from jobs.models.status import ENDED
from jobs.services.checks import JobData
from jobs.services.recording import find_best
from vision.errors import Detail, InvalidDocumentError
from vision.spec.facts import NETWORK_PARAMETERS, StartFacts
from vision.spec.job import JobSpec
from vision.spec.parameters import PARAMETERS

PARAMETER, STATE = "checkpoint_run_id", "checkpoint_state"
WEIGHTS = "outputs/model.safetensors"
_TRIAL_NAME = re.compile(r"(?P<job>.+)_HD_(?P<number>\d{1,6})")
_HELD = ("optimizer", "layers_to_freeze", "ema")  # what the kept state is made for
_MOST_NAMED = 10


@dataclass(frozen=True)
class Start:
    """The trial to start from. `new_labels`: it knew other labels than the ones to be learnt."""

    trial: Trial
    is_continued: bool
    new_labels: bool

    @property
    def facts(self) -> StartFacts:
        return StartFacts(self.trial.name, self.trial.params, self.is_continued)

    @property
    def words(self) -> list[str]:
        """What starting from it means, in sentences."""
        trial = self.trial
        if self.is_continued:
            done, total = trial.checkpoint_epoch, trial.epochs_total
            return [f"It goes on where {trial.name} stopped, with epoch {done + 1}: {done} of its {total} are done."]
        metric = f", {trial.job.primary_metric} {trial.primary_metric:.3f}" if trial.primary_metric is not None else ""
        words = [f"It starts from the best weights of {trial.name}: epoch {trial.best_epoch}{metric}."]
        if self.new_labels:
            known = trial.job.training_data.label_names
            listed = ", ".join(known[:_MOST_NAMED]) + (" …" if len(known) > _MOST_NAMED else "")
            words.append(f"That trial knew other labels ({listed}): the layers that depend on them begin anew.")
        return words


def find_start(run_id: str) -> Trial | None:
    """The trial of that id (`<job>_HD_<n>`), or of the job of that name (`<job>`, `<job>_HD`) the best one, be it one
    that was stopped."""
    trials = Trial.objects.select_related("job__training_data__dataset")
    if match := _TRIAL_NAME.fullmatch(run_id):
        found = trials.filter(job__name=match["job"], number=int(match["number"])).first()
        if found is not None:
            return found
    for name in (run_id, run_id.removesuffix("_HD")):
        if job := Job.objects.filter(name=name).first():
            stopped = trials.filter(job=job).exclude(checkpoint_key="").order_by("-primary_metric").first()
            return trials.filter(pk=job.best_trial_id).first() if job.best_trial_id else stopped
    return None


def list_starts(task_type: str, architecture: str = "") -> QuerySet[Trial]:
    """The trials of a task type that can be started from, newest first; of one architecture if it is given."""
    trials = Trial.objects.filter(job__task_type=task_type, status__in=ENDED).order_by("-id")
    left_something = trials.exclude(outputs_key="", checkpoint_key="")
    fitting = left_something.filter(params__model_name=architecture) if architecture else left_something
    return fitting.select_related("job__training_data__dataset")


def choose_start(spec: JobSpec, data: JobData) -> Start | None:
    """The start that a job names, if it names one.

    Raises:
        InvalidDocumentError: there is no such run, it left nothing to start from, or it trained something else.
    """
    given = spec.training_parameters
    run_id, is_continued = given.get(PARAMETER), given.get(STATE) == "last"
    if not run_id:
        if is_continued:
            raise _refuse(STATE, f"It goes on with a trial: name it in {PARAMETER}.")
        return None
    trial = find_start(run_id)
    if trial is None:
        raise _refuse(PARAMETER, f"There is no trial named {run_id[:100]}.")
    if problem := _find_fault(trial, spec, data, is_continued):
        raise _refuse(*problem)
    return Start(trial, is_continued, _labels(trial.job.training_data, trial.job.validation_data) != _labels_of(data))


def check_start(start: Start | None, values: Mapping[str, Any]) -> None:
    """Whether the run to start from fits the resolved parameters.

    Raises:
        InvalidDocumentError: another network, or of a run that goes on what its state was not made for.
    """
    if start is None:
        return
    trial = start.trial
    held = (*NETWORK_PARAMETERS, *_HELD) if start.is_continued else NETWORK_PARAMETERS
    for name in held:
        earlier, now = trial.params.get(name), values.get(name)
        if (earlier or None) != (now or None):
            title = PARAMETERS.get(name).title.lower()
            place = PARAMETER if name in NETWORK_PARAMETERS else name
            raise _refuse(place, f"{trial.name} trained the {title} {earlier}, this job trains {now}.")
    if start.is_continued and values["number_of_epochs"] <= trial.checkpoint_epoch:
        message = (
            f"{trial.name} has done {trial.checkpoint_epoch} epochs; give more than these, counted from its first."
        )
        raise _refuse("number_of_epochs", message)


def take_history(trial: Trial) -> None:
    """Give a trial that goes on with another one what that one told of the epochs it goes on from."""
    start = find_start(str(trial.params.get(PARAMETER))) if trial.params.get(STATE) == "last" else None
    if start is None:
        return
    points = list(MetricPoint.objects.filter(trial=start, epoch__lte=start.checkpoint_epoch))
    for point in points:
        point.pk, point.trial = None, trial
    MetricPoint.objects.bulk_create(points)
    trial.epochs = start.checkpoint_epoch
    find_best(trial)
    trial.save(update_fields=["epochs", "primary_metric", "best_epoch"])


def _find_fault(trial: Trial, spec: JobSpec, data: JobData, is_continued: bool) -> tuple[str, str] | None:
    """The parameter that is wrong and why; None where the trial can be started from."""
    if not trial.is_ended:
        return PARAMETER, f"{trial.name} is {trial.get_status_display().lower()}: wait until it has ended."
    if not trial.outputs_key and not trial.checkpoint_key:
        return PARAMETER, f"{trial.name} is {trial.get_status_display().lower()}: it left no weights."
    if trial.job.task_type != spec.task_type:
        return PARAMETER, f"{trial.name} was trained for {trial.job.task_type}, not for {spec.task_type}."
    if not is_continued:
        has_best = trial.outputs_key or trial.checkpoint_epoch
        return None if has_best else (STATE, f"{trial.name} was stopped before its first epoch was over: give last.")
    if not trial.checkpoint_key:
        return STATE, f"{trial.name} was trained to its end, which keeps its best weights alone: leave it out."
    job = trial.job
    earlier = (job.training_data, job.validation_data, job.spec.get("validation_data_size"))
    if earlier != (data.training, data.validation, spec.validation_data_size):
        return STATE, f"{trial.name} goes on with its own images only; with others, start from its best weights."
    return None


def _labels_of(data: JobData) -> set[str]:
    return _labels(data.training, data.validation)


def _labels(training: Any, validation: Any) -> set[str]:
    return {*training.label_names, *(validation.label_names if validation else ())}


def _refuse(parameter: str, problem: str) -> InvalidDocumentError:
    details = [Detail(problem, code="checkpoint_unusable", path=f"training_parameters.{parameter}")]
    return InvalidDocumentError(problem, hint="Name a trial that fits, or leave it out.", details=details)
