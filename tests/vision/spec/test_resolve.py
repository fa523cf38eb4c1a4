from __future__ import annotations

from typing import Any

import pytest

from vision.catalog.architectures import list_architectures
from vision.catalog.task_types import TaskType
from vision.errors import InvalidDocumentError
from vision.spec.parameters import list_parameters
from vision.spec.resolve import DataFacts, GpuFacts, Machine, Resolution, estimate_seconds, resolve_parameters

GIB = 2**30
TASK = TaskType.CLASSIFICATION
SMALL = DataFacts(train_images=240, validation_images=60, label_count=5, smallest_class=40)
LARGE = DataFacts(train_images=50_000, validation_images=5_000, label_count=100, smallest_class=400)
LAPTOP = Machine(cpu_count=2, memory_bytes=32 * GIB)
SERVER = Machine(cpu_count=16, memory_bytes=128 * GIB, gpus=(GpuFacts("H200", 141 * GIB),))


def resolve(data: DataFacts = SMALL, machine: Machine = LAPTOP, **given: Any) -> Resolution:
    return resolve_parameters(TASK, given, data, machine)


def row_of(resolution: Resolution, name: str) -> Any:
    return next(row for row in resolution.rows if row.name == name)


@pytest.mark.parametrize("info", list_architectures(TASK), ids=lambda info: info.name)
def test_every_parameter_of_the_architecture_is_settled(info: Any) -> None:
    resolution = resolve(model_name=info.name)
    assert list(resolution.values) == [entry.name for entry in list_parameters(TASK, info.name)]
    assert all(row.reason for row in resolution.rows)


def test_large_data_on_a_gpu_gets_the_documented_defaults() -> None:
    resolution = resolve(LARGE, SERVER)
    assert {row.source for row in resolution.rows} == {"default"}
    assert resolution.values["model_name"] == "vits16r224"
    assert resolution.values["training_batch_size"] == 128


def test_a_cpu_gets_the_lightest_network() -> None:
    row = row_of(resolve(), "model_name")
    assert (row.value, row.source) == ("mobilenetv2", "rule")
    assert "No GPU" in row.reason


def test_a_small_set_gets_a_smaller_batch_and_the_rate_in_proportion() -> None:
    values = resolve(model_name="mobilenetv2").values
    assert values["training_batch_size"] == 16
    assert values["learning_rate"] == pytest.approx(0.01 * 16 / 78, rel=0.01)


def test_a_batch_that_is_set_takes_the_rate_with_it_too() -> None:
    resolution = resolve(LARGE, SERVER, model_name="resnet18", training_batch_size=39)
    assert row_of(resolution, "learning_rate").value == pytest.approx(0.005)
    accumulated = resolve(LARGE, SERVER, model_name="resnet18", training_batch_size=39, gradient_accumulation_step=2)
    assert row_of(accumulated, "learning_rate").source == "default"


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_adams_rate_goes_with_the_root_of_the_batch(optimizer: str) -> None:
    assert resolve(optimizer=optimizer).values["learning_rate"] == pytest.approx(5e-4)
    assert resolve(optimizer=optimizer, training_batch_size=64).values["learning_rate"] == pytest.approx(1e-3)


def test_what_is_set_is_obeyed() -> None:
    given = {"model_name": "vits16r224", "training_batch_size": 128, "learning_rate": 0.5, "number_of_workers": 9}
    resolution = resolve(**given)
    assert given.items() <= resolution.values.items()
    assert {row_of(resolution, name).source for name in given} == {"set"}


def test_little_memory_lowers_the_batches() -> None:
    tight = Machine(cpu_count=2, memory_bytes=4 * GIB)
    values = resolve(LARGE, tight, model_name="resnet18").values
    assert values["training_batch_size"] == 13
    assert 13 < values["validation_batch_size"] < 78
    assert "2.0 GiB" in row_of(resolve(LARGE, tight, model_name="resnet18"), "training_batch_size").reason


@pytest.mark.parametrize(("epochs", "warmup"), [(1, 0), (2, 0), (3, 1), (5, 1), (6, 2), (15, 2)])
def test_few_epochs_are_not_all_warm_up(epochs: int, warmup: int) -> None:
    assert resolve(number_of_epochs=epochs).values["warmup_cosine_lr_warmup_epochs"] == warmup


def test_the_resize_follows_the_crop() -> None:
    assert resolve(model_name="resnet18", validation_crop_size=448).values["validation_resize_size"] == 512


def test_old_spellings_are_settled_under_the_one_name() -> None:
    assert resolve(lr_scheduler="step").values["learning_rate_scheduler"] == "step"


def test_a_set_value_that_the_settled_network_refuses_is_named() -> None:
    with pytest.raises(InvalidDocumentError, match="takes 224 px only") as caught:
        resolve(LARGE, SERVER, training_crop_size=160)
    assert caught.value.details[0].path == "training_parameters.training_crop_size"
    assert "model_name" in caught.value.hint


def test_wrong_values_and_untrainable_tasks_are_refused() -> None:
    with pytest.raises(InvalidDocumentError, match="learning_rate"):
        resolve(learning_rate=7)
    with pytest.raises(InvalidDocumentError, match="image_object_detection"):
        resolve_parameters(TaskType.DETECTION, {}, SMALL, LAPTOP)


@pytest.mark.parametrize("images", [1, 2, 7, 15, 100, 1169, 1170, 10**6])
def test_a_batch_is_always_possible(images: int) -> None:
    values = resolve(DataFacts(images, 1, 2, 1), LAPTOP, model_name="resnet18").values
    assert 8 <= values["training_batch_size"] <= 78


def test_the_estimate_grows_with_the_work_and_shrinks_with_the_machine() -> None:
    fast, slow = resolve(model_name="mobilenetv2"), resolve(model_name="vits16r224")
    assert estimate_seconds(fast, SMALL, LAPTOP) < estimate_seconds(slow, SMALL, LAPTOP)
    assert estimate_seconds(fast, SMALL, LAPTOP) < estimate_seconds(fast, LARGE, LAPTOP)
    assert estimate_seconds(fast, SMALL, SERVER) < estimate_seconds(fast, SMALL, Machine(16, GIB))
    assert estimate_seconds(fast, SMALL, Machine(16, GIB)) < estimate_seconds(fast, SMALL, LAPTOP)


def test_the_estimate_is_near_what_was_measured() -> None:
    """FEASIBILITY §14 measured 178 to 224 s for mobilenetv2 over 240 images, 15 epochs, 2 cores."""
    assert 120 < estimate_seconds(resolve(model_name="mobilenetv2"), SMALL, LAPTOP) < 300
