"""Every setting a model can have is explained, bounded and offered as what it is."""

from __future__ import annotations

import pytest

from models_registry.setting_fields import SettingField, list_setting_fields
from vision.catalog.architectures import ARCHITECTURES
from vision.spec.parameters import PARAMETERS, canonical_name
from vision.spec.settings import settings_model

MODELS = [(name, task) for name in ARCHITECTURES.names() for task in ARCHITECTURES.get(name).task_types]


def fields_of(architecture: str, task_type: str, **typed: str) -> dict[str, SettingField]:
    settings = settings_model(architecture, task_type)().model_dump()
    return {field.name: field for field in list_setting_fields(settings, architecture, task_type, typed)}


@pytest.mark.parametrize(("architecture", "task_type"), MODELS)
def test_every_setting_is_explained_and_reads_back(architecture: str, task_type: str) -> None:
    model = settings_model(architecture, task_type)
    fields = fields_of(architecture, task_type)
    assert list(fields) == list(model.model_fields)
    helps = {name: PARAMETERS.get(canonical_name(name)).help for name in fields}
    assert all(field.help.startswith(helps[name]) for name, field in fields.items())
    typed = {name: field.text for name, field in fields.items()}
    assert model.model_validate(typed) == model()


def test_few_values_are_chosen_and_numbers_bounded() -> None:
    fields = fields_of("yolov5_seg", "image_instance_segmentation", box_score_thresh="much")
    assert fields["export_as_image"].options == ("true", "false")
    assert fields["image_type"].options == ("JPG", "PNG", "BMP")
    assert fields["model_size"].is_fixed
    assert fields["img_size"].is_whole
    assert fields["img_size"].help.endswith("From 1 to 4096. Default 640.")
    assert fields["box_score_thresh"].text == "much"
    assert not fields["box_score_thresh"].is_whole
    tiles = fields_of("yolov5", "image_object_detection")
    assert tiles["tile_grid_size"].text == ""
    assert "From 0 to below 1. Default 0.25." in tiles["tile_overlap_ratio"].help
