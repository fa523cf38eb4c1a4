"""What fine-tuning components of Azure call otherwise, or count otherwise (SPEC §4.6)."""

from __future__ import annotations

from typing import Any

import pytest

from vision.catalog.task_types import TASK_TYPES, TaskType
from vision.spec.best_metrics import BEST_METRICS
from vision.spec.component_parameters import ELSEWHERE
from vision.spec.parameters import canonical_name
from vision.spec.resolve import DataFacts, Machine, Resolution, resolve_parameters
from vision.spec.spreading import SPREAD_NAMES
from vision.spec.training import clean_parameters

# The values of the public sample pipeline
SAMPLE = {
    "model_name": "google/vit-base-patch16-224",
    "download_from_source": False,
    "task_name": "image-classification",
    "number_of_epochs": 15,
    "max_steps": -1,
    "training_batch_size": 4,
    "validation_batch_size": 4,
    "auto_find_batch_size": False,
    "learning_rate": 5e-5,
    "learning_rate_scheduler": "warmup_linear",
    "warmup_steps": 0,
    "optimizer": "adamw_hf",
    "weight_decay": 0,
    "extra_optim_args": "",
    "gradient_accumulation_step": 1,
    "max_grad_norm": 1.0,
    "precision": "32",
    "label_smoothing_factor": 0,
    "image_width": -1,
    "image_height": -1,
    "apply_augmentations": True,
    "number_of_workers": 8,
    "apply_deepspeed": True,
    "apply_ort": True,
    "random_seed": 42,
    "metric_for_best_model": "accuracy",
    "evaluation_strategy": "epoch",
    "logging_strategy": "epoch",
    "save_strategy": "epoch",
    "evaluation_steps": 500,
    "logging_steps": 500,
    "save_steps": 500,
    "save_total_limit": 5,
    "early_stopping": False,
    "early_stopping_patience": 1,
    "resume_from_checkpoint": False,
    "save_as_mlflow_model": True,
}


# Every name of SPEC §4.6
NAMES = (
    *SAMPLE,
    *("mlflow_model", "pytorch_model", "image_min_size", "image_max_size", "iou_threshold", "box_score_threshold"),
)


def clean(given: dict[str, Any], task_type: str = TaskType.CLASSIFICATION) -> tuple[dict[str, Any], dict[str, str]]:
    values, problems = clean_parameters(task_type, given, "p")
    return values, {str(problem.path): problem.message for problem in problems}


def resolve(images: int = 400, **given: Any) -> Resolution:
    values = {"model_name": "google/vit-base-patch16-224", "training_batch_size": 4, **given}
    return resolve_parameters(TaskType.CLASSIFICATION, values, DataFacts(images, 40, 4, 50), Machine(4, 2**35, ()))


def test_every_name_is_known() -> None:
    known = [name for name in NAMES if canonical_name(name) or name in ELSEWHERE or name in SPREAD_NAMES]
    assert set(NAMES) - set(known) == {"task_name"}  # checked against the job's own task


def test_the_sample_pipeline_is_taken_as_it_is() -> None:
    values, problems = clean(SAMPLE)
    assert not problems
    assert (values["optimizer"], values["mixed_precision"], values["augmentations"]) == ("adamw", "off", "standard")
    assert "max_steps" not in values
    assert "training_crop_size" not in values


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"extra_optim_args": "momentum=0.8, nesterov=False"}, {"momentum": 0.8, "nesterov": False}),
        ({"extra_optim_args": "betas=(0.8, 0.95),amsgrad=true"}, {"beta1": 0.8, "beta2": 0.95, "ams_gradient": True}),
        ({"image_width": 224, "image_height": "224"}, {"training_crop_size": 224, "validation_crop_size": 224}),
        ({"image_height": 224}, {"training_crop_size": 224, "validation_crop_size": 224}),
    ],
)
def test_one_name_sets_several_parameters(written: dict[str, Any], expected: dict[str, Any]) -> None:
    assert clean(written) == (expected, {})


@pytest.mark.parametrize(
    ("written", "words", "task_type"),
    [
        ({"extra_optim_args": "eps=1e-8"}, "no argument eps", TaskType.CLASSIFICATION),
        ({"extra_optim_args": "momentum"}, "such as momentum=0.9", TaskType.CLASSIFICATION),
        ({"extra_optim_args": "betas=0.9"}, "two numbers", TaskType.CLASSIFICATION),
        ({"extra_optim_args": "momentum=7"}, "0 to 1", TaskType.CLASSIFICATION),
        ({"image_height": 1}, "32 to 4096", TaskType.CLASSIFICATION),
        ({"image_width": 640}, "Give image_size, or min_size", TaskType.DETECTION),
        ({"apply_ort": "perhaps"}, "true or false", TaskType.CLASSIFICATION),
        ({"resume_from_checkpoint": True}, "checkpoint_state: last", TaskType.CLASSIFICATION),
        ({"metric_for_best_model": "iou"}, "accuracy, f1_score_macro", TaskType.CLASSIFICATION),
        ({"metric_for_best_model": "loss", "log_validation_loss": "Disable"}, "not recorded", TaskType.MULTILABEL),
        ({"metric_for_best_model": "recall", "validation_metric_type": "coco"}, "set voc", TaskType.DETECTION),
        ({"metric_for_best_model": "coco_AP"}, "set coco", TaskType.SEGMENTATION),
    ],
)
def test_what_cannot_be_done_is_said_at_its_name(written: dict[str, Any], words: str, task_type: TaskType) -> None:
    _, problems = clean(written, task_type)
    assert next(iter(problems)) == f"p.{next(iter(written))}"
    assert words in next(iter(problems.values()))


def test_width_and_height_that_differ_are_refused() -> None:
    _, problems = clean({"image_width": 224, "image_height": 256})
    assert set(problems) == {"p.image_height"}


@pytest.mark.parametrize("task_type", list(TaskType))
def test_the_best_epoch_is_by_the_primary_metric_unless_told(task_type: TaskType) -> None:
    assert TASK_TYPES.get(task_type).primary_metric in BEST_METRICS[task_type]
    metrics = {"validation_metric_type": "coco_voc"} if task_type in (TaskType.DETECTION, TaskType.SEGMENTATION) else {}
    for name in BEST_METRICS[task_type]:
        assert clean({"metric_for_best_model": name, **metrics}, task_type)[1] == {}


def test_steps_take_the_place_of_epochs() -> None:
    rows = {row.name: row for row in resolve(max_steps=250, number_of_epochs=3).rows}
    assert (rows["number_of_epochs"].value, rows["number_of_epochs"].source) == (3, "rule")
    assert rows["number_of_epochs"].reason == "max_steps counts: 250 steps, 100 of them an epoch of this data."
    assert resolve(number_of_epochs=7).values["number_of_epochs"] == 7


def test_strategies_by_steps_are_rounded_to_epochs() -> None:
    values = resolve(evaluation_strategy="steps", evaluation_steps=290, save_strategy="steps", save_steps=40).values
    assert (values["evaluation_frequency"], values["checkpoint_frequency"]) == (3, 1)
    assert resolve(save_strategy="epoch").values["checkpoint_frequency"] == 1
    assert resolve(evaluation_strategy="steps", evaluation_frequency=2).values["evaluation_frequency"] == 2
    plain = resolve().values
    assert (plain["evaluation_frequency"], plain["checkpoint_frequency"]) == (1, None)
