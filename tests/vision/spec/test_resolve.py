from __future__ import annotations

from typing import Any

import pytest

from vision.catalog.architectures import ARCHITECTURES, list_architectures
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


def resolve(data: DataFacts = SMALL, machine: Machine = LAPTOP, task: str = TASK, **given: Any) -> Resolution:
    return resolve_parameters(task, given, data, machine)


def detect(data: DataFacts = LARGE, machine: Machine = SERVER, **given: Any) -> Resolution:
    return resolve_parameters(TaskType.DETECTION, given, data, machine)


def row_of(resolution: Resolution, name: str) -> Any:
    return next(row for row in resolution.rows if row.name == name)


@pytest.mark.parametrize("machine", [LAPTOP, SERVER], ids=["CPU", "GPU"])
@pytest.mark.parametrize(
    ("task", "name"), [(task, info.name) for task in TaskType for info in list_architectures(task)], ids=str
)
def test_every_parameter_of_the_architecture_is_settled(task: TaskType, name: str, machine: Machine) -> None:
    resolution = resolve(LARGE, machine, task, model_name=name)
    assert list(resolution.values) == [entry.name for entry in list_parameters(task, name)]
    assert all(row.reason for row in resolution.rows)
    assert estimate_seconds(resolution, LARGE, machine) > 0
    again = resolve(LARGE, machine, task, **{k: v for k, v in resolution.values.items() if v is not None})
    assert again.values == resolution.values


def test_large_data_on_a_gpu_gets_the_documented_defaults() -> None:
    resolution = resolve(LARGE, SERVER)
    assert {row.source for row in resolution.rows} == {"default"}
    assert resolution.values["model_name"] == "vitb16r224"
    assert resolution.values["training_batch_size"] == 48


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


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "adagrad"])
def test_adams_rate_goes_with_the_root_of_the_batch(optimizer: str) -> None:
    assert resolve(optimizer=optimizer).values["learning_rate"] == pytest.approx(5e-4)
    assert resolve(optimizer=optimizer, training_batch_size=64).values["learning_rate"] == pytest.approx(1e-3)


def test_adafactors_rate_is_relative_to_the_weights() -> None:
    resolution = resolve(model_name="resnet18", optimizer="adafactor", training_batch_size=16)
    assert resolution.values["learning_rate"] == pytest.approx(20 * 5e-4)
    assert "relative to the size of the weights" in row_of(resolution, "learning_rate").reason


def test_transformers_take_a_smaller_adam_rate() -> None:
    values = resolve(model_name="vits16r224", optimizer="adamw", training_batch_size=16).values
    assert values["learning_rate"] == pytest.approx(5e-5)


def test_multilabel_has_rates_of_its_own_on_the_lightest_network() -> None:
    values = resolve(task=TaskType.MULTILABEL).values
    assert values["model_name"] == "mobilenetv2"
    assert values["learning_rate"] == pytest.approx(0.035 * 16 / 78, rel=0.01)


def test_detection_on_a_gpu_gets_the_documented_defaults() -> None:
    resolution = detect()
    assert {row.source for row in resolution.rows} == {"default"}
    values = resolution.values
    assert (values["model_name"], values["model_size"], values["image_size"]) == ("yolov5", "medium", 640)
    assert "min_size" not in values
    assert detect(model_name="retinanet_resnet50_fpn").values["min_size"] == 600


def test_detection_on_a_cpu_takes_the_smallest_yolo_and_says_how_much_faster() -> None:
    row = row_of(detect(machine=LAPTOP), "model_size")
    assert (row.value, row.source) == ("nano", "rule")
    sizes = {size.name: size.cpu_images_per_second for size in ARCHITECTURES.get("yolov5").sizes}
    assert f"{sizes['nano'] / sizes['medium']:.1f} times" in row.reason
    assert detect(machine=LAPTOP, model_size="small").values["model_size"] == "small"
    assert detect(machine=LAPTOP).values["image_size"] == 640


@pytest.mark.parametrize("given", [{}, {"proposals": "auto"}])
def test_proposals_left_open_are_reduced_on_a_cpu_alone(given: dict[str, str]) -> None:
    names = {"model_name": "fasterrcnn_resnet18_fpn", **given}
    assert detect(machine=LAPTOP, **names).values["proposals"] == "reduced"
    assert detect(machine=SERVER, **names).values["proposals"] == "full"
    assert detect(machine=LAPTOP, **{**names, "proposals": "full"}).values["proposals"] == "full"
    assert "proposals" not in detect(model_name="retinanet_resnet50_fpn").values


def test_segmentation_on_a_cpu_starts_from_coco_or_takes_the_lightest() -> None:
    assert resolve(task=TaskType.SEGMENTATION).values["model_name"] == "maskrcnn_resnet50_fpn"
    scratch = resolve(task=TaskType.SEGMENTATION, pretrained="none")
    assert scratch.values["model_name"] == "maskrcnn_resnet18_fpn"


@pytest.mark.parametrize(("name", "batch", "rate"), [("yolov5", 16, 1e-3), ("fasterrcnn_resnet18_fpn", 8, 3e-4)])
def test_detectors_from_scratch_get_what_was_measured_to_learn(name: str, batch: int, rate: float) -> None:
    values = detect(model_name=name, pretrained="none").values
    assert (values["optimizer"], values["training_batch_size"]) == ("adamw", batch)
    assert values["learning_rate"] == pytest.approx(rate)
    kept = detect(model_name=name, pretrained="none", optimizer="sgd").values
    assert kept["learning_rate"] == {"yolov5": 0.01}.get(name, 0.005)
    continued = detect(model_name=name, pretrained="none", checkpoint_run_id="lamp_HD_0").values
    assert continued["optimizer"] == "sgd"


def test_few_images_do_not_lower_a_detectors_batch() -> None:
    assert detect(SMALL).values["training_batch_size"] == 16


@pytest.mark.parametrize(
    ("changes", "batch"),
    [
        ({}, 16),
        ({"image_size": 1280}, 4),
        ({"model_size": "large"}, 9),
        ({"model_size": "nano", "image_size": 1280}, 16),
        ({"multi_scale": True}, 7),
    ],
)
def test_memory_goes_with_the_area_and_the_size_of_the_network(changes: dict[str, Any], batch: int) -> None:
    tight = Machine(16, 64 * GIB, gpus=(GpuFacts("small", 12 * GIB),))
    assert detect(machine=tight, **changes).values["training_batch_size"] == batch


def test_a_larger_shorter_side_takes_memory() -> None:
    tight = Machine(16, 64 * GIB, gpus=(GpuFacts("small", 12 * GIB),))
    values = detect(machine=tight, model_name="fasterrcnn_resnet50_fpn", min_size=1000).values
    assert values["training_batch_size"] == 1
    assert values["learning_rate"] == pytest.approx(0.0025)


def test_an_mmdetection_name_trains_its_stand_in_and_says_so() -> None:
    name = "mmd-3x-yolof_r50_c5_8x8_1x_coco"
    resolution = detect(model_name=name, min_size=800)
    row = row_of(resolution, "model_name")
    assert (row.value, row.source) == ("retinanet_resnet50_fpn", "rule")
    assert name in row.reason
    assert resolution.values["min_size"] == 800


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
    left = resolve(LARGE, tight, model_name="resnet18", auto_find_batch_size=False).values
    assert (left["training_batch_size"], left["validation_batch_size"]) == (78, 78)


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
    with pytest.raises(InvalidDocumentError, match="text_classification cannot be trained"):
        resolve_parameters("text_classification", {}, SMALL, LAPTOP)


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


@pytest.mark.parametrize(
    ("name", "changes", "images_a_second"),
    [
        ("yolov5", {"model_size": "nano"}, "nano"),
        ("yolov5", {"model_size": "large"}, "large"),
        ("fasterrcnn_resnet18_fpn", {"min_size": 320, "proposals": "reduced"}, ""),
        ("fasterrcnn_resnet18_fpn", {"min_size": 320, "proposals": "reduced", "tile_grid_size": "3x2"}, "tiles"),
    ],
)
def test_the_estimate_follows_the_measured_speed(name: str, changes: dict[str, Any], images_a_second: str) -> None:
    info = ARCHITECTURES.get(name)
    speed = info.of_size(images_a_second).cpu_images_per_second / (7 if images_a_second == "tiles" else 1)
    resolution = detect(SMALL, LAPTOP, model_name=name, number_of_epochs=1, **changes)
    expected = 12 + SMALL.train_images / speed + 2 * SMALL.validation_images / (3 * speed)
    assert estimate_seconds(resolution, SMALL, LAPTOP) == pytest.approx(expected)


def test_the_estimate_is_near_what_was_measured() -> None:
    """FEASIBILITY §14 measured 178 to 224 s for mobilenetv2 over 240 images, 15 epochs, 2 cores."""
    assert 120 < estimate_seconds(resolve(model_name="mobilenetv2"), SMALL, LAPTOP) < 300
