from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.catalog.architectures import ARCHITECTURES, list_architectures
from vision.catalog.task_types import TaskType
from vision.errors import InvalidDocumentError, NotFoundError
from vision.spec.parameters import (
    PARAMETERS,
    Parameter,
    canonical_name,
    documented_default,
    list_parameters,
    parse_value,
)

EVERY = list(PARAMETERS)
ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


@pytest.mark.parametrize("parameter", EVERY, ids=lambda entry: entry.name)
def test_each_entry_says_what_it_is(parameter: Parameter) -> None:
    assert parameter.title
    assert parameter.help.endswith(".")
    assert parameter.group
    assert bool(parameter.choices) == (parameter.kind == "choice")
    assert len(parameter.value_titles) in (0, len(parameter.choices))


@pytest.mark.parametrize("info", list_architectures(TaskType.CLASSIFICATION), ids=lambda info: info.name)
def test_each_documented_default_is_a_legal_value(info: Any) -> None:
    for parameter in list_parameters(TaskType.CLASSIFICATION, info.name):
        default = documented_default(parameter.name, info.name, TaskType.CLASSIFICATION)
        if default is not None:
            assert parse_value(parameter, default, "x") == default


def test_spellings_are_unambiguous() -> None:
    spellings = [spelling for entry in EVERY for spelling in (entry.name, *entry.aliases)]
    assert len(spellings) == len(set(spellings))
    assert {canonical_name(spelling) for spelling in spellings} == set(PARAMETERS.names())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lr_scheduler", "learning_rate_scheduler"),
        ("amsgrad", "ams_gradient"),
        ("grad_accumulation_step", "gradient_accumulation_step"),
        ("num_workers", "number_of_workers"),
        ("train_crop_size", "training_crop_size"),
        ("valid_resize_size", "validation_resize_size"),
        ("valid_crop_size", "validation_crop_size"),
        ("min_size", None),
    ],
)
def test_old_spellings(old: str, new: str | None) -> None:
    assert canonical_name(old) == new


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("learning_rate", "1e-4", 1e-4),
        ("learning_rate", 0, 0.0),
        ("number_of_epochs", "7", 7),
        ("number_of_epochs", 7.0, 7),
        ("early_stopping", 1, True),
        ("early_stopping", "False", False),
        ("mixed_precision", True, "on"),
        ("mixed_precision", False, "off"),
        ("learning_rate_scheduler", "WarmupCosine", "warmup_cosine"),
        ("optimizer", "AdamW", "adamw"),
        ("log_training_metrics", "enable", "Enable"),
        ("log_validation_loss", False, "Disable"),
        ("weighted_loss", "2", 2),
        ("advanced_settings", '{"stream_image_files": true}', '{"stream_image_files": true}'),
        ("advanced_settings", {"stream_image_files": True}, '{"stream_image_files": true}'),
    ],
)
def test_accepted_writings(name: str, written: object, value: object) -> None:
    parsed = parse_value(PARAMETERS.get(name), written, name)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("name", "written", "words"),
    [
        ("learning_rate", 1.5, "0 to 1"),
        ("learning_rate", "fast", "Must be a number, 0 to 1"),
        ("learning_rate", float("nan"), "number"),
        ("number_of_epochs", 0, "1 or more"),
        ("number_of_epochs", 2.5, "whole number"),
        ("number_of_epochs", True, "whole number"),
        ("number_of_epochs", 10**400, "whole number"),
        ("early_stopping", "perhaps", "true or false"),
        ("optimizer", "lion", "sgd, adam or adamw"),
        ("weighted_loss", 3, "0, 1 or 2"),
        ("advanced_settings", "{", "JSON"),
        ("advanced_settings", '{"apply_mosaic_for_yolo": false}', "object detection"),
        ("advanced_settings", '{"stream": true}', "stream_image_files"),
        ("advanced_settings", '{"stream_image_files": "yes"}', "true or false"),
    ],
)
def test_refused_writings(name: str, written: object, words: str) -> None:
    with pytest.raises(InvalidDocumentError, match=words) as caught:
        parse_value(PARAMETERS.get(name), written, f"training_parameters.{name}")
    assert caught.value.details[0].path == f"training_parameters.{name}"


@settings(deadline=None)
@given(st.sampled_from(EVERY), ANYTHING)
def test_any_value_is_read_or_refused_in_words(parameter: Parameter, value: object) -> None:
    try:
        parsed = parse_value(parameter, value, parameter.name)
    except InvalidDocumentError as error:
        assert error.details[0].path == parameter.name  # noqa: PT017 (it may be read too)
    else:
        assert parse_value(parameter, parsed, parameter.name) == parsed


def test_defaults_depend_on_the_architecture() -> None:
    task = TaskType.CLASSIFICATION
    assert documented_default("learning_rate", "resnet18", task) == 0.01
    assert documented_default("learning_rate", "vits16r224", task) == 0.0125
    assert documented_default("training_batch_size", "vits16r224", task) == 128
    assert documented_default("model_name", "resnet18", task) == "vits16r224"


def test_every_architecture_has_its_defaults() -> None:
    for info in ARCHITECTURES:
        for name in ("training_batch_size", "validation_batch_size", "learning_rate"):
            assert documented_default(name, info.name, info.task_types[0]) > 0


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(NotFoundError, match="learning_rate"):
        PARAMETERS.get("learning_rat")
