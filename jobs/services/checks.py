"""Whether a job can be run on the data it names. Every problem carries its YAML path."""

from __future__ import annotations

from dataclasses import dataclass

from datasets.models import DatasetVersion
from datasets.selectors import get_version
from vision.catalog.task_types import TASK_TYPES, TaskType
from vision.errors import Detail, InvalidDocumentError, NotFoundError
from vision.spec.facts import DataFacts
from vision.spec.job import JobSpec
from vision.spec.references import parse_dataset_reference

LEAST_IMAGES = 10
LEAST_LABELS = {TaskType.CLASSIFICATION: 2}  # one label alone is something to find, but nothing to tell apart


@dataclass(frozen=True)
class JobData:
    """The dataset versions a job names."""

    training: DatasetVersion
    validation: DatasetVersion | None


def check_mode(spec: JobSpec) -> None:
    """Refuse what asks for more than one trial.

    Raises:
        InvalidDocumentError: it is a sweep or AutoMode.
    """
    if spec.mode == "single":
        return
    path = "search_space" if spec.mode == "sweep" else "limits.max_trials"
    raise InvalidDocumentError(
        "This version of Darkroom trains one trial a job.",
        hint="Leave out search_space and sweep, set limits.max_trials to 1, "
        "and give the values under training_parameters.",
        details=[Detail("One trial a job.", code="unsupported", path=path)],
    )


def find_job_data(spec: JobSpec) -> JobData:
    """The versions a job names, checked against it.

    Raises:
        InvalidDocumentError: one is missing, not ready or does not fit.
    """
    problems: list[Detail] = []
    training = _find(spec, spec.training_data.path, "training_data.path", problems)
    validation = None
    if spec.validation_data is not None:
        validation = _find(spec, spec.validation_data.path, "validation_data.path", problems)
    if training is not None:
        problems += _check_labels(spec.task_type, training, validation)
    if problems or training is None:
        raise _refuse(problems)
    return JobData(training, validation)


def check_counts(spec: JobSpec, data: JobData, facts: DataFacts) -> None:
    """Refuse too few images.

    Raises:
        InvalidDocumentError: fewer than ten to train on.
    """
    has_own = data.training.split_counts.get("validation") and spec.validation_data_size is None
    is_set_aside = data.validation is None and not has_own
    images = facts.train_images + (facts.validation_images if is_set_aside else 0)
    if images >= LEAST_IMAGES:
        return
    message = f"{data.training} has {images} training images; {LEAST_IMAGES} are the least that can be trained on."
    raise _refuse([Detail(message, code="too_few_images", path="training_data.path")])


def _find(spec: JobSpec, reference: str, path: str, problems: list[Detail]) -> DatasetVersion | None:
    try:
        version = get_version(parse_dataset_reference(reference))
    except NotFoundError as error:
        problems.append(Detail(str(error), code="not_found", path=path))
        return None
    problems += [Detail(message, code=code, path=where or path) for message, code, where in _faults(spec, version)]
    return version


def _faults(spec: JobSpec, version: DatasetVersion) -> list[tuple[str, str, str]]:
    if version.status == DatasetVersion.Status.IMPORTING:
        return [(f"{version} is still being imported. Wait until it is ready.", "not_ready", "")]
    if version.status == DatasetVersion.Status.FAILED:
        return [(f"The import of {version} failed. Its page says why.", "not_ready", "")]
    if version.task_type != spec.task_type:
        titles = TASK_TYPES.get(version.task_type).title, TASK_TYPES.get(spec.task_type).title
        return [(f"{version} is labelled for {titles[0]}, not for {titles[1]}.", "task_mismatch", "")]
    if version.target_column_name != spec.target_column_name:
        message = f"{version} was imported with {version.target_column_name!r} as its label column."
        return [(message, "target_mismatch", "target_column_name")]
    return []


def _check_labels(task_type: str, training: DatasetVersion, validation: DatasetVersion | None) -> list[Detail]:
    if not training.is_ready:
        return []
    labels, least = set(training.label_names), LEAST_LABELS.get(TaskType(task_type), 1)
    if len(labels) < least:
        title = TASK_TYPES.get(task_type).title
        message = f"{training} has {len(labels) or 'no'} label; {title.lower()} needs {least} at least."
        return [Detail(message, code="too_few_labels", path="training_data.path")]
    if validation is not None and validation.is_ready and not labels & set(validation.label_names):
        message = f"{validation} shares no label with {training}."
        return [Detail(message, code="label_mismatch", path="validation_data.path")]
    return []


def _refuse(problems: list[Detail]) -> InvalidDocumentError:
    message = problems[0].message if len(problems) == 1 else f"The job has {len(problems)} problems with its data."
    return InvalidDocumentError(message, details=problems)
