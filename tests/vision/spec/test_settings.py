from __future__ import annotations

import pytest

from vision.errors import InvalidDocumentError
from vision.spec.settings import ClassificationSettings, parse_settings


def test_the_defaults_are_the_documented_ones() -> None:
    assert ClassificationSettings().model_dump() == {
        "train_crop_size": 224,
        "valid_resize_size": 256,
        "valid_crop_size": 224,
    }


def test_the_v2_names_are_read_too() -> None:
    settings = parse_settings({"validation_crop_size": 160, "validation_resize_size": 192}, "resnet18")
    assert (settings.valid_crop_size, settings.valid_resize_size) == (160, 192)


@pytest.mark.parametrize(
    ("values", "architecture", "path"),
    [
        ({"valid_crop_size": 0}, "resnet18", "valid_crop_size"),
        ({"valid_crop_size": 300}, "resnet18", None),
        ({"valid_crop_size": 160}, "vits16r224", "valid_crop_size"),
        ({"min_size": 600}, "resnet18", "min_size"),
        ({"valid_resize_size": "large"}, "resnet18", "valid_resize_size"),
    ],
)
def test_refused(values: dict[str, object], architecture: str, path: str | None) -> None:
    with pytest.raises(InvalidDocumentError) as caught:
        parse_settings(values, architecture)
    assert path in {detail.path for detail in caught.value.details}
