from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vision.catalog.task_types import TaskType
from vision.errors import InvalidDocumentError
from vision.spec.documents import write_document
from vision.spec.job import parse_job
from vision.spec.parameters import list_parameters

MINIMAL: dict[str, Any] = {
    "type": "automl",
    "task": "image_classification",
    "target_column_name": "label",
    "training_data": {"path": "azureml:flowers:1", "type": "mltable"},
}
SWEEP: dict[str, Any] = {
    "sweep": {"sampling_algorithm": "random"},
    "search_space": [
        {"model_name": "resnet18", "learning_rate": {"type": "uniform", "min_value": 0.001, "max_value": 0.1}}
    ],
}


def problems_of(**changes: Any) -> dict[str | None, str]:
    with pytest.raises(InvalidDocumentError) as caught:
        parse_job({**MINIMAL, **changes})
    return {detail.path: detail.message for detail in caught.value.details}


def test_a_minimal_document_is_one_trial_with_the_tasks_defaults() -> None:
    spec = parse_job(MINIMAL)
    assert spec.mode == "single"
    assert spec.primary_metric == "accuracy"
    assert spec.task_type == TaskType.CLASSIFICATION
    assert spec.name is None
    assert (spec.limits.max_trials, spec.limits.max_concurrent_trials, spec.limits.timeout_minutes) == (1, 1, 10_080)
    assert spec.training_parameters == {}


def test_azures_own_document_parses() -> None:
    spec = parse_job(
        """
        $schema: https://example.invalid/autoMLJob.schema.json
        type: automl
        experiment_name: flowers
        description: A job
        tags: {team: 7, final: true}
        compute: azureml:gpu-cluster
        log_verbosity: debug
        task: ImageClassification
        primary_metric: Accuracy
        target_column_name: label
        training_data: {path: "azureml:flowers:1", type: mltable, mode: direct}
        validation_data: {path: "azureml:flowers-valid@latest", type: mltable}
        limits: {timeout_minutes: 60, max_trials: 1, max_concurrent_trials: 4}
        training_parameters: {model_name: mobilenetv2, learning_rate: 1e-3, lr_scheduler: WarmupCosine, amsgrad: 1}
        outputs: {best_model: {type: mlflow_model}}
        properties: {node_count_per_trial: 1}
        """
    )
    assert spec.tags == {"team": "7", "final": "true"}
    assert spec.limits.max_concurrent_trials == 1
    assert spec.training_parameters == {
        "model_name": "mobilenetv2",
        "learning_rate": 0.001,
        "learning_rate_scheduler": "warmup_cosine",
        "ams_gradient": True,
    }
    assert parse_job(spec.to_yaml()) == spec
    assert parse_job(spec.to_document()) == spec


def test_every_problem_is_named_at_once_with_its_line() -> None:
    document = "\n".join(
        [
            "type: automl",
            "task: image_classification",
            "training_data: {path: ./train}",
            "limits:",
            "  max_trials: 0",
            "limts: 3",
            "training_parameters:",
            "  model_name: vits16r224",
            "  learning_rat: 1",
            "  learning_rate: 7",
            "  training_crop_size: 256",
            "  img_size: 5",
        ]
    )
    with pytest.raises(InvalidDocumentError) as caught:
        parse_job(document)
    assert {(detail.path, detail.line) for detail in caught.value.details} == {
        ("target_column_name", None),
        ("training_data.path", 3),
        ("limits.max_trials", 5),
        ("limts", 6),
        ("training_parameters.learning_rat", 9),
        ("training_parameters.learning_rate", 10),
        ("training_parameters.training_crop_size", 11),
        ("training_parameters.img_size", 12),
    }
    messages = " ".join(detail.message for detail in caught.value.details)
    assert "Did you mean limits?" in messages
    assert "Did you mean learning_rate?" in messages


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"type": "command"}, "type", "automl"),
        ({"task": "text_classification"}, "task", "image_classification"),
        ({"primary_metric": "f1"}, "primary_metric", "accuracy"),
        ({"validation_data_size": 1.0}, "validation_data_size", "less than 1"),
        ({"validation_data_size": 0.2, "validation_data": {"path": "azureml:b:1"}}, "validation_data_size", "not both"),
        ({"limits": {"timeout_minutes": 86_401}}, "limits.timeout_minutes", "86400"),
        ({"limits": {"max_concurrent_trials": 101}}, "limits.max_concurrent_trials", "100"),
        ({"limits": {"max_trails": 2}}, "limits.max_trails", "no such key"),
        ({"name": "a/b"}, "name", "letters"),
        ({"name": "new"}, "name", "page"),
        ({"name": "abc\n"}, "name", "letters"),
        ({"name": "a_HD_1"}, "name", "trial"),
        ({"test_data": {"path": "azureml:b:1"}}, "test_data", "test split"),
        ({"properties": {"node_count_per_trial": "2"}}, "properties.node_count_per_trial", "one machine"),
        (
            {"training_parameters": {"layers_to_freeze": 9, "model_name": "resnet18"}},
            "training_parameters.layers_to_freeze",
            "5",
        ),
        ({"training_parameters": {"model_name": "yolov5"}}, "training_parameters.model_name", "mobilenetv2"),
        (
            {"training_parameters": {"validation_crop_size": 300, "validation_resize_size": 256}},
            "training_parameters.validation_crop_size",
            "larger",
        ),
        (
            {"training_parameters": {"validation_resize_size": 200}},
            "training_parameters.validation_resize_size",
            "larger",
        ),
        ({"training_parameters": {"optimizer": "adam", "beta1": 1}}, "training_parameters.beta1", "below 1"),
        (
            {"training_parameters": {"lr_scheduler": "step", "learning_rate_scheduler": "step"}},
            "training_parameters.learning_rate_scheduler",
            "twice",
        ),
        (
            {"training_parameters": {"checkpoint_dataset_id": "x"}},
            "training_parameters.checkpoint_dataset_id",
            "checkpoint_run_id",
        ),
        ({"training_parameters": {1: 2}}, "training_parameters.1", "no parameter"),
        ({"training_parameters": [1]}, "training_parameters", "map"),
        ({"search_space": SWEEP["search_space"]}, "sweep", "sampling_algorithm"),
        ({"sweep": SWEEP["sweep"]}, "search_space", "search_space"),
    ],
)
def test_refused(changes: dict[str, Any], path: str, words: str) -> None:
    problems = problems_of(**changes)
    assert words in problems[path]


def test_unset_values_are_dropped() -> None:
    spec = parse_job({**MINIMAL, "training_parameters": {"learning_rate": None, "optimizer": "None"}, "name": None})
    assert spec.training_parameters == {}


def test_training_data_may_be_the_reference_alone() -> None:
    assert (
        parse_job({**MINIMAL, "training_data": "azureml:flowers@latest"}).training_data.path == "azureml:flowers@latest"
    )


def test_modes() -> None:
    assert parse_job({**MINIMAL, "limits": {"max_trials": 5}}).mode == "automode"
    spec = parse_job({**MINIMAL, **SWEEP})
    assert spec.mode == "sweep"
    assert parse_job(spec.to_yaml()) == spec


def test_older_sweep_limits_are_taken_over() -> None:
    sweep = {"sampling_algorithm": "Random", "limits": {"max_total_trials": 9, "max_concurrent_trials": 2}}
    spec = parse_job({**MINIMAL, **SWEEP, "sweep": sweep, "limits": {"max_concurrent_trials": 3}})
    assert (spec.limits.max_trials, spec.limits.max_concurrent_trials) == (9, 3)


def test_a_detection_sweep_parses() -> None:
    spec = parse_job(
        {
            **MINIMAL,
            "task": "image_object_detection",
            "sweep": {
                "sampling_algorithm": {"type": "random", "rule": "sobol", "seed": 1},
                "early_termination": {"type": "bandit", "evaluation_interval": 2, "slack_factor": 0.2},
            },
            "search_space": [
                {
                    "model_name": {"type": "choice", "values": ["yolov5"]},
                    "img_size": {"type": "choice", "values": [320, 640]},
                    "learning_rate": {"type": "uniform", "min_value": 0.001, "max_value": 0.01},
                },
                {"model_name": "fasterrcnn_resnet50_fpn", "min_size": {"type": "choice", "values": [600, 800]}},
            ],
        }
    )
    assert spec.primary_metric == "mean_average_precision"
    assert spec.search_space
    assert "image_size" in spec.search_space[0]
    assert parse_job(spec.to_document()) == spec


@pytest.mark.parametrize(
    ("sweep", "space", "path"),
    [
        ({"sampling_algorithm": "hyperband"}, {"learning_rate": 0.1}, "sweep.sampling_algorithm.type"),
        (
            {"sampling_algorithm": "grid"},
            {"learning_rate": {"type": "uniform", "min_value": 0, "max_value": 1}},
            "search_space[0].learning_rate.type",
        ),
        (
            {"sampling_algorithm": "bayesian"},
            {"learning_rate": {"type": "normal", "mu": 0, "sigma": 1}},
            "search_space[0].learning_rate.type",
        ),
        (
            {"sampling_algorithm": "random"},
            {"learning_rate": {"type": "uniform", "min_value": 0, "max_value": 3}},
            "search_space[0].learning_rate",
        ),
        (
            {"sampling_algorithm": "random"},
            {"learning_rate": {"type": "uniform", "min_value": 1, "max_value": 0}},
            "search_space[0].learning_rate",
        ),
        (
            {"sampling_algorithm": "random"},
            {"model_name": {"type": "choice", "values": ["yolov5"]}},
            "search_space[0].model_name",
        ),
        ({"sampling_algorithm": "random"}, {"mu": {"type": "choice", "values": [1]}}, "search_space[0].mu"),
        (
            {"sampling_algorithm": "random"},
            {"model_name": "resnet18", "layers_to_freeze": {"type": "choice", "values": [0, 5, 9]}},
            "search_space[0].layers_to_freeze",
        ),
        (
            {"sampling_algorithm": "random"},
            {"model_name": {"type": "choice", "values": ["resnet18", "vits16r224"]}, "training_crop_size": 160},
            "search_space[0].training_crop_size",
        ),
        ({"sampling_algorithm": "random"}, {"augmentations": {"flip": 2}}, "search_space[0].augmentations"),
        (
            {"sampling_algorithm": "random", "early_termination": {"type": "bandit"}},
            {"learning_rate": 0.1},
            "sweep.early_termination",
        ),
        (
            {"sampling_algorithm": "random", "early_termination": {"type": "truncation_selection"}},
            {"learning_rate": 0.1},
            "sweep.early_termination",
        ),
    ],
)
def test_refused_sweeps(sweep: dict[str, Any], space: dict[str, Any], path: str) -> None:
    assert path in problems_of(sweep=sweep, search_space=[space])


TEXTS = {
    "advanced_settings": ('{"stream_image_files": true}', "{}"),
    "augmentations": ("none", '{"preset": "light", "flip": false}'),
}


def _values(parameter: Any) -> st.SearchStrategy[Any]:
    if parameter.name == "metric_for_best_model":
        return st.sampled_from(["accuracy", "f1_score_macro"])
    if parameter.choices:
        return st.sampled_from(parameter.choices)
    if parameter.kind == "bool":
        return st.booleans()
    low, high = parameter.minimum, parameter.maximum
    if parameter.kind == "int":
        return st.integers(int(low), int(min(high or 1000, 1000)))
    if parameter.kind == "float":
        return st.floats(low, min(high, 0.99))
    return st.sampled_from(TEXTS.get(parameter.name, ("amber_lamp_HD_0",)))


FREE = [
    entry
    for entry in list_parameters(TaskType.CLASSIFICATION, "resnet18")
    if entry.name not in ("model_name", "layers_to_freeze", "validation_crop_size", "validation_resize_size")
]


@settings(deadline=None, max_examples=50)
@given(st.fixed_dictionaries({}, optional={entry.name: _values(entry) for entry in FREE}))
def test_any_legal_parameters_round_trip(parameters: dict[str, Any]) -> None:
    document = {**MINIMAL, "training_parameters": {"model_name": "resnet18", **parameters}}
    spec = parse_job(write_document(document))
    assert spec.training_parameters == document["training_parameters"]
    assert parse_job(spec.to_yaml()) == spec


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = (
    "type",
    "task",
    "name",
    "tags",
    "limits",
    "training_data",
    "validation_data_size",
    "training_parameters",
    "sweep",
    "search_space",
)


@pytest.mark.heavy
@example({"task": ""})
@example({"sweep": {"str": None}})
@settings(deadline=None, max_examples=200)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON)))
def test_nonsense_is_refused_in_words_and_never_breaks(changes: dict[str, Any]) -> None:
    try:
        parse_job({**MINIMAL, **changes})
    except InvalidDocumentError as error:
        assert all(detail.message for detail in error.details)  # noqa: PT017 (it may pass too)


def test_the_split_of_the_first_version_is_the_share_for_validation() -> None:
    older = {"split_ratio": "0.3", "learning_rate": 0.1}
    spec = parse_job({**MINIMAL, "training_parameters": older})
    assert (spec.validation_data_size, spec.training_parameters) == (0.3, {"learning_rate": 0.1})
    with_set = parse_job({**MINIMAL, "validation_data": "azureml:others:1", "training_parameters": older})
    assert with_set.validation_data_size is None
    assert parse_job({**MINIMAL, "validation_data_size": 0.3, "training_parameters": older}).validation_data_size == 0.3
    for changes, words in (({"split_ratio": 1.2}, "between 0 and 1"), ({"split_ratio": 0.4}, "an older name")):
        found = problems_of(validation_data_size=0.3, training_parameters=changes)
        assert words in found["training_parameters.split_ratio"]
