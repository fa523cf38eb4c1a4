"""What jobs may say of networks of the Hub that find objects, and what is settled where they leave it open."""

from __future__ import annotations

from typing import Any

import pytest

from vision.spec.facts import DataFacts, GpuFacts, Machine
from vision.spec.resolve import Resolution, estimate_seconds, resolve_parameters
from vision.spec.settings import parse_settings, pick_settings
from vision.spec.training import clean_parameters

GIB = 2**30
DETECTION, SEGMENTATION = "image_object_detection", "image_instance_segmentation"
DATA = DataFacts(train_images=400, validation_images=80, label_count=3, smallest_class=60)
SERVER = Machine(16, 64 * GIB, (GpuFacts("some", 24 * GIB),))
NAMES = ("PekingU/rtdetr_v2_r18vd", "someone/finder")
SEGMENTERS = ("facebook/mask2former-swin-tiny-coco-instance", "someone/segmenter")


def resolve(machine: Machine = SERVER, task_type: str = DETECTION, **given: Any) -> Resolution:
    return resolve_parameters(task_type, given, DATA, machine)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pretrained", ["auto", "none"])
def test_they_are_trained_as_they_were_published(name: str, pretrained: str) -> None:
    values = resolve(model_name=name, pretrained=pretrained).values
    expected = {
        "optimizer": "adamw",
        "learning_rate": 1e-4,
        "training_batch_size": 8,
        "max_grad_norm": 0.1,
        "nms_iou_threshold": 1.0,
        "box_score_threshold": 0.3,
        "image_size": 640,
        "number_of_epochs": 30,
    }
    assert {name: values[name] for name in expected} == expected
    assert not {"training_crop_size", "min_size", "model_size", "proposals"} & values.keys()


def test_what_the_memory_holds_decides_the_batch_and_the_rate_follows() -> None:
    values = resolve(Machine(8, 16 * GIB, (GpuFacts("small", 6 * GIB),)), model_name=NAMES[1]).values
    assert values["training_batch_size"] == 4
    assert values["learning_rate"] == pytest.approx(1e-4 * 0.5**0.5, rel=1e-2)
    small = resolve(Machine(8, 16 * GIB, (GpuFacts("small", 6 * GIB),)), model_name=NAMES[1], image_size=320).values
    assert small["training_batch_size"] == 8


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adafactor"])
def test_another_optimizer_takes_a_rate_of_its_own(optimizer: str) -> None:
    row = next(row for row in resolve(model_name=NAMES[1], optimizer=optimizer).rows if row.name == "learning_rate")
    assert row.source == "rule"
    assert 0 < row.value < 0.01


def test_smaller_images_take_less_time() -> None:
    large, small = (resolve(model_name=NAMES[1], image_size=size) for size in (640, 320))
    assert estimate_seconds(small, DATA, SERVER) < estimate_seconds(large, DATA, SERVER)


def test_what_is_another_networks_is_refused_at_its_place() -> None:
    given = {"model_name": NAMES[1], "min_size": 300, "model_size": "nano"}
    _, problems = clean_parameters(DETECTION, given, "training_parameters")
    told = {problem.path.rpartition(".")[2]: problem.message for problem in problems}
    assert told.keys() == {"model_size", "min_size"}
    assert "takes image_size" in told["min_size"]


def test_the_finished_models_settings() -> None:
    values = resolve(model_name=NAMES[1], tile_grid_size="2x1", image_size=320).values
    settings = pick_settings(values, NAMES[1], DETECTION)
    assert settings.model_dump() == {
        "box_score_thresh": 0.3,
        "nms_iou_thresh": 1.0,
        "box_detections_per_img": 100,
        "img_size": 320,
        "tile_grid_size": "2x1",
        "tile_overlap_ratio": 0.25,
        "tile_predictions_nms_thresh": 0.25,
    }
    assert parse_settings({"image_size": 512}, NAMES[0], task_type=DETECTION).model_dump()["img_size"] == 512
    assert "valid_crop_size" in parse_settings({}, NAMES[1], task_type="image_classification").model_dump()


@pytest.mark.parametrize("name", SEGMENTERS)
@pytest.mark.parametrize("pretrained", ["auto", "none"])
def test_segmenters_are_trained_as_they_were_published(name: str, pretrained: str) -> None:
    values = resolve(task_type=SEGMENTATION, model_name=name, pretrained=pretrained).values
    expected = {
        "optimizer": "adamw",
        "learning_rate": 1e-4,
        "training_batch_size": 8,
        "weight_decay": 0.05,
        "max_grad_norm": 0.01,
        "nms_iou_threshold": 1.0,
        "image_size": 640,
        "mask_pixel_score_threshold": 0.5,
        "gradient_checkpointing": False,
        "evaluation_strategy": "epoch",
    }
    assert {name: values[name] for name in expected} == expected
    assert not {"training_crop_size", "min_size", "model_size", "proposals", "tile_grid_size"} & values.keys()


@pytest.mark.parametrize("name", SEGMENTERS)
def test_a_small_gpu_takes_fewer_masks_at_once(name: str) -> None:
    machine = Machine(8, 16 * GIB, (GpuFacts("small", 12 * GIB),))
    values = resolve(machine, SEGMENTATION, model_name=name).values
    assert values["training_batch_size"] == 4
    assert values["learning_rate"] == pytest.approx(1e-4 * 0.5**0.5, rel=1e-2)


def test_the_finished_segmenters_settings() -> None:
    given = {"image_size": 320, "mask_pixel_score_threshold": 0.4, "image_type": "PNG", "box_score_threshold": 0.2}
    values = resolve(task_type=SEGMENTATION, model_name=SEGMENTERS[1], **given).values
    assert pick_settings(values, SEGMENTERS[1], SEGMENTATION).model_dump() == {
        "box_score_thresh": 0.2,
        "nms_iou_thresh": 1.0,
        "box_detections_per_img": 100,
        "img_size": 320,
        "mask_pixel_score_threshold": 0.4,
        "max_number_of_polygon_points": 100,
        "export_as_image": False,
        "image_type": "PNG",
    }
    assert parse_settings({}, SEGMENTERS[0], task_type=SEGMENTATION).model_dump()["nms_iou_thresh"] == 1.0


def test_tiles_are_not_for_masks() -> None:
    _, problems = clean_parameters(SEGMENTATION, {"model_name": SEGMENTERS[1], "tile_grid_size": "2x1"}, "here")
    assert [problem.path for problem in problems] == ["here.tile_grid_size"]
