"""What every row of the parameter table promises to documents, forms, the API schema and the help page."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from vision.catalog.architectures import ARCHITECTURES, ArchitectureInfo, list_architectures
from vision.catalog.task_types import TASK_TYPES, TaskType
from vision.errors import InvalidDocumentError
from vision.spec.job import parse_job
from vision.spec.parameters import (
    PARAMETERS,
    Parameter,
    documented_default,
    fits,
    list_parameters,
    list_task_parameters,
    parse_value,
)
from vision.spec.schema import job_schema, parameters_schema
from vision.spec.training import clean_parameters

EVERY = list(PARAMETERS)
TRAINED = [(task_type, info) for task_type in TaskType for info in list_architectures(task_type)]
SPELLINGS = [(entry, spelling) for entry in EVERY for spelling in (entry.name, *entry.aliases)]
# A value of each string that has a form of its own.
TEXTS = {
    "model_name": "resnet18",
    "checkpoint_run_id": "amber_lamp_HD_0",
    "advanced_settings": '{"stream_image_files": true}',
    "augmentations": "light",
    "tile_grid_size": "3x2",
}
WRONG: dict[str, list[Any]] = {
    "int": ["many", 1.5, True, [1]],
    "float": ["much", float("nan"), True, {}],
    "bool": ["perhaps", 2, [True]],
    "choice": ["nonsense", ["sgd"], {}],
    "string": [3, ["a"]],
}


def trains(entry: Parameter) -> list[tuple[TaskType, ArchitectureInfo]]:
    """The tasks and networks that the table says obey a parameter."""
    return [(task_type, info) for task_type, info in TRAINED if fits(entry, task_type, info.family)]


def legal_value(entry: Parameter) -> Any:
    if entry.name in TEXTS:
        return TEXTS[entry.name]
    if entry.choices:
        return entry.choices[-1]
    if entry.kind == "bool":
        return True
    number = entry.default if entry.default is not None else entry.minimum
    return int(number or 1) if entry.kind == "int" else float(number or 0.5)


def ids(value: Any) -> str:
    return getattr(value, "name", str(value))


@pytest.mark.parametrize("entry", EVERY, ids=ids)
def test_it_explains_itself(entry: Parameter) -> None:
    assert entry.title
    assert len(entry.help) > 15
    assert entry.help.endswith(".")
    assert entry.group
    assert entry.task_types
    assert set(entry.task_types) <= set(TASK_TYPES.names())
    assert bool(entry.choices) == (entry.kind == "choice")
    assert len(entry.value_titles) in (0, len(entry.choices))
    assert entry.kind in ("bool", "choice") or entry.minimum is not None or entry.accepts or entry.kind == "string"


@pytest.mark.parametrize("entry", EVERY, ids=ids)
def test_some_network_obeys_it_for_each_of_its_tasks(entry: Parameter) -> None:
    assert {task_type for task_type, _ in trains(entry)} == set(entry.task_types)
    known = {info.family for info in ARCHITECTURES}
    assert set(entry.families or ()) <= known


@pytest.mark.parametrize("entry", EVERY, ids=ids)
def test_its_default_is_within_its_range_for_every_network(entry: Parameter) -> None:
    for task_type, info in trains(entry):
        default = documented_default(entry.name, info.name, task_type)
        if default is not None:
            assert parse_value(entry, default, entry.name) == default


@pytest.mark.parametrize(("entry", "spelling"), SPELLINGS, ids=ids)
def test_each_spelling_is_read_under_the_one_name(entry: Parameter, spelling: str) -> None:
    task_type, _ = trains(entry)[0]
    values, problems = clean_parameters(task_type, {spelling: legal_value(entry)}, "training_parameters")
    assert not problems
    assert list(values) == [entry.name]


@pytest.mark.parametrize("entry", EVERY, ids=ids)
def test_each_of_its_words_is_read(entry: Parameter) -> None:
    for choice in entry.choices:
        assert parse_value(entry, choice, entry.name) == choice
        assert parse_value(entry, str(choice), entry.name) == choice
    for text in entry.suggestions:
        assert parse_value(entry, text, entry.name) == text
    for word, choice in entry.value_aliases:
        assert parse_value(entry, word, entry.name) == choice


@pytest.mark.parametrize(("entry", "spelling"), SPELLINGS, ids=ids)
def test_a_value_of_another_kind_is_refused_at_its_path(entry: Parameter, spelling: str) -> None:
    task_type, _ = trains(entry)[0]
    for value in WRONG[entry.kind]:
        values, problems = clean_parameters(task_type, {spelling: value}, "training_parameters")
        assert entry.name not in values, value
        assert [problem.path for problem in problems] == [f"training_parameters.{spelling}"], value


@pytest.mark.parametrize("entry", [entry for entry in EVERY if entry.minimum is not None], ids=ids)
def test_its_bounds_are_its_own(entry: Parameter) -> None:
    for bound, step in ((entry.minimum, -1), (entry.maximum, 1)):
        if bound is None:
            continue
        inside = int(bound) if entry.kind == "int" else float(bound)
        assert parse_value(entry, inside, entry.name) == inside
        outside = inside + (step if entry.kind == "int" else step * 1e-3 * max(1.0, abs(inside)))
        with pytest.raises(InvalidDocumentError, match="Must be"):
            parse_value(entry, outside, entry.name)


@pytest.mark.parametrize(("task_type", "info"), TRAINED, ids=ids)
def test_a_document_takes_exactly_the_parameters_of_its_network(task_type: TaskType, info: ArchitectureInfo) -> None:
    listed = {entry.name for entry in list_parameters(task_type, info.name)}
    for entry in EVERY:
        if entry.name == "model_name":
            continue
        given = {"model_name": info.name, entry.name: legal_value(entry)}
        if entry.name in ("training_crop_size", "validation_crop_size") and info.square_crop:
            given[entry.name] = info.square_crop
        _, problems = clean_parameters(task_type, given, "training_parameters")
        refused = [problem.path for problem in problems if problem.code in ("wrong_task", "wrong_architecture")]
        assert refused == ([] if entry.name in listed else [f"training_parameters.{entry.name}"])
        assert entry.name not in listed or not problems


@pytest.mark.parametrize("task_type", list(TaskType))
def test_the_schema_of_the_api_has_exactly_the_parameters_of_a_task(task_type: TaskType) -> None:
    schema = parameters_schema(task_type)
    assert list(schema["properties"]) == [entry.name for entry in list_task_parameters(task_type)]
    for entry in list_task_parameters(task_type):
        described = schema["properties"][entry.name]
        assert described["title"] == entry.title
        assert entry.help in described["description"]
        assert described.get("x-families") == (list(entry.families) if entry.families else None)
        assert described["x-aliases"] == list(entry.aliases)
    variants = job_schema()["oneOf"]
    mine = [variant for variant in variants if variant["properties"]["task"] == {"const": str(task_type)}]
    assert [variant["properties"]["training_parameters"] for variant in mine] == [schema]


@pytest.mark.parametrize("task_type", list(TaskType))
def test_the_schema_takes_what_the_check_takes(task_type: TaskType) -> None:
    info = list_architectures(task_type)[0]
    values = {
        entry.name: legal_value(entry)
        for entry in list_parameters(task_type, info.name)
        if entry.name not in ("validation_resize_size", "metric_for_best_model")  # with others, not at any value
    } | {"model_name": info.name}
    document = {
        "type": "automl",
        "task": str(task_type),
        "target_column_name": "label",
        "training_data": {"type": "mltable", "path": "azureml:lamps:1"},
        "training_parameters": values,
    }
    assert parse_job(document).training_parameters.keys() == values.keys()
    jsonschema.validate(document, job_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "training_parameters": {"learning_rate": 7}}, job_schema())
