"""Job documents: Azure's AutoML image job (SPEC §1.3), read with every problem named at once."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from vision.catalog.task_types import TASK_TYPES
from vision.errors import Detail, InvalidDocumentError
from vision.spec.documents import load_document, with_lines
from vision.spec.job_model import DataInput, JobFields, JobSpec, Limits, check_primary_metric, fold_case
from vision.spec.sweep import clean_search_space, clean_sweep
from vision.spec.training import clean_parameters
from vision.spec.validation import invalid, list_problems

__all__ = ["DataInput", "JobSpec", "Limits", "parse_job"]

_SPLIT_RATIO = "split_ratio"
_APART = ("training_parameters", "sweep", "search_space")
_UNSUPPORTED = {
    "test_data": "The test split of training_data is scored at the end; leave test_data out.",
    "test_data_size": "The test split of training_data is scored at the end; leave test_data_size out.",
}


def parse_job(document: str | bytes | dict[str, Any]) -> JobSpec:
    """The checked job that a YAML or JSON document describes.

    Raises:
        InvalidDocumentError: with one detail for each problem: its YAML path, and its line where there is text.
    """
    values = dict(load_document(document))
    problems = [
        Detail(text, code="unsupported", path=key) for key, text in _UNSUPPORTED.items() if values.pop(key, None)
    ]
    try:
        spec = _build(values, problems)
    except InvalidDocumentError as error:
        raise with_lines(error, document) from None
    return spec


def _build(values: dict[str, Any], problems: list[Detail]) -> JobSpec:
    values = _fold_split_ratio(_fold_sweep_limits(values), problems)
    apart = {key: values.pop(key, None) for key in _APART}
    try:
        fields = JobFields.model_validate(values)
    except ValidationError as error:
        problems += list_problems(error, JobFields)
        fields = None
    task_type = str(fold_case(values.get("task", values.get("task_type", ""))))
    cleaned = _clean_apart(task_type, apart, problems)
    problems += _check_task(task_type, values) + _check_validation(values) + _check_nodes(values)
    if problems or fields is None:
        raise invalid("The job document", problems)
    metric = fields.primary_metric or TASK_TYPES.get(task_type).primary_metric
    return JobSpec.model_validate({**fields.model_dump(by_alias=True), "primary_metric": metric, **cleaned})


def _clean_apart(task_type: str, apart: dict[str, Any], problems: list[Detail]) -> dict[str, Any]:
    given, sweep, space = (apart[key] for key in _APART)
    cleaned: dict[str, Any] = {}
    if isinstance(given, dict):
        cleaned["training_parameters"], found = clean_parameters(task_type, given, "training_parameters")
        problems += found
    elif given is not None:
        problems.append(Detail("Must map parameters to values.", path="training_parameters"))
    if isinstance(sweep, dict):
        cleaned["sweep"], found = clean_sweep(sweep)
        problems += found
    elif sweep is not None:
        problems.append(Detail("Must hold sampling_algorithm.", path="sweep"))
    algorithm = _algorithm_name(cleaned.get("sweep"))
    if isinstance(space, list) and space:
        cleaned["search_space"], found = clean_search_space(task_type, space, algorithm)
        problems += found
    elif space is not None:
        problems.append(Detail("Must be a list of maps, each from parameters to expressions.", path="search_space"))
    if space and not sweep:
        problems.append(Detail("A search_space needs sweep.sampling_algorithm.", code="missing", path="sweep"))
    if sweep and not space:
        problems.append(Detail("A sweep needs a search_space.", code="missing", path="search_space"))
    return cleaned


def _algorithm_name(sweep: dict[str, Any] | None) -> str | None:
    algorithm = (sweep or {}).get("sampling_algorithm")
    return algorithm["type"] if isinstance(algorithm, dict) else algorithm


def _fold_sweep_limits(values: dict[str, Any]) -> dict[str, Any]:
    """Older documents carry the limits within `sweep`; the ones beside it win."""
    sweep = values.get("sweep")
    if not isinstance(sweep, dict) or not isinstance(sweep.get("limits"), dict):
        return values
    old = {"max_trials" if key == "max_total_trials" else key: value for key, value in sweep["limits"].items()}
    rest = {key: value for key, value in sweep.items() if key != "limits"}
    given = values.get("limits")
    return {**values, "sweep": rest, "limits": {**old, **(given if isinstance(given, dict) else {})}}


def _fold_split_ratio(values: dict[str, Any], problems: list[Detail]) -> dict[str, Any]:
    """Azure's first version had the share of validation images among the parameters; a validation set outranks it."""
    given = values.get("training_parameters")
    if not isinstance(given, dict) or _SPLIT_RATIO not in given:
        return values
    rest = {name: value for name, value in given.items() if name != _SPLIT_RATIO}
    try:
        ratio = float(given[_SPLIT_RATIO])
    except (TypeError, ValueError):
        ratio = 0.0
    if not 0 < ratio < 1:
        message = f"Must be a number between 0 and 1, not {given[_SPLIT_RATIO]!r}."
        problems.append(Detail(message, code="out_of_range", path=f"training_parameters.{_SPLIT_RATIO}"))
    elif values.get("validation_data_size") not in (None, ratio):
        message = "It is validation_data_size under an older name: give one of them."
        problems.append(Detail(message, path=f"training_parameters.{_SPLIT_RATIO}"))
    elif values.get("validation_data") is None:
        return {**values, "training_parameters": rest, "validation_data_size": ratio}
    return {**values, "training_parameters": rest}


def _check_task(task_type: str, values: dict[str, Any]) -> list[Detail]:
    if "task" not in values and "task_type" not in values:
        return []  # its absence is said already
    if task_type not in TASK_TYPES:
        return [Detail(f"Must be {', '.join(TASK_TYPES.names())}, not {task_type!r}.", path="task")]
    problem = check_primary_metric(task_type, str(fold_case(values.get("primary_metric") or "")))
    return [Detail(problem, path="primary_metric")] if problem else []


def _check_validation(values: dict[str, Any]) -> list[Detail]:
    if values.get("validation_data") is None or values.get("validation_data_size") is None:
        return []
    message = "Give either validation_data or validation_data_size, not both."
    return [Detail(message, path="validation_data_size")]


def _check_nodes(values: dict[str, Any]) -> list[Detail]:
    properties = values.get("properties")
    nodes = properties.get("node_count_per_trial", "1") if isinstance(properties, dict) else "1"
    if str(nodes) == "1":
        return []
    return [Detail("A trial trains on one machine: give 1 or leave it out.", path="properties.node_count_per_trial")]
