from __future__ import annotations

import pytest
import timm

from vision.catalog.architectures import ARCHITECTURES, list_architectures
from vision.catalog.architectures.open_names import describe_open_name
from vision.catalog.task_types import TaskType
from vision.errors import NotFoundError

CURATED = (
    "microsoft/beit-base-patch16-224-pt22k-ft22k",
    "google/vit-base-patch16-224",
    "facebook/deit-base-patch16-224",
    "microsoft/swinv2-base-patch4-window12-192-22k",
)


@pytest.mark.parametrize("name", CURATED)
def test_the_curated_networks_are_listed_under_both_spellings(name: str) -> None:
    info = ARCHITECTURES.get(name)
    assert info in list_architectures(TaskType.MULTILABEL)
    assert ARCHITECTURES.get(name.replace("/", "-")) is info
    assert name.replace("/", "-") in ARCHITECTURES
    assert info.square_crop == (192 if "192" in name else 224)


@pytest.mark.parametrize("name", ["timm/convnext_nano", "timm/resnet50.a1_in1k", "facebook/convnext-tiny-224", "a/b"])
def test_open_names_are_known_and_not_listed(name: str) -> None:
    assert name in ARCHITECTURES
    info = ARCHITECTURES.get(name)
    assert info.name == name
    classifies = (TaskType.CLASSIFICATION, TaskType.MULTILABEL)
    assert info.task_types == (classifies if name.startswith("timm/") else tuple(TaskType))
    assert name not in ARCHITECTURES.names()
    assert ARCHITECTURES.get(name) is info


def test_an_id_is_described_as_what_its_task_makes_of_it() -> None:
    roles = {
        task_type: ARCHITECTURES.get("someone/net", task_type) for task_type in ARCHITECTURES.get("a/b").task_types
    }
    assert {task_type: role.family for task_type, role in roles.items()} == {
        TaskType.CLASSIFICATION: "hub",
        TaskType.MULTILABEL: "hub",
        TaskType.DETECTION: "detr",
        TaskType.SEGMENTATION: "mask2former",
    }
    assert all(task_type in role.task_types for task_type, role in roles.items())
    assert len({role.builder for role in roles.values()}) == 3
    assert {role.pretrained for role in roles.values()} == {ARCHITECTURES.get("someone/net").pretrained}


@pytest.mark.parametrize(
    "name",
    [
        *("", "/", "a", "a/", "/a", "a/b/c", "timm/", "timm/Convnext", "timm/a/b", "timm/../x", "a/..", "../a", "a/.b"),
        *(
            "a/b--c",
            "a--b/c",
            "a b/c",
            "a/b\n",
            "a/b?",
            "https://a/b",
            f"a/{'b' * 95}",
            "mmd-3x-yolof_r50_c5_8x8_1x_coco",
        ),
    ],
)
def test_nothing_else_is_an_open_name(name: str) -> None:
    assert name not in ARCHITECTURES
    with pytest.raises(NotFoundError, match="mobilenetv2"):
        ARCHITECTURES.get(name)
    assert None not in ARCHITECTURES
    assert 7 not in ARCHITECTURES


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("timm/vit_base_patch16_384.augreg_in1k", 384),
        ("timm/swinv2_base_window12to24_192to384", 384),
        ("timm/vit_small_patch14_dinov2", 518),
        ("timm/regnety_320", None),
        ("timm/levit_256", None),
        ("timm/convnext_base.fb_in22k_ft_in1k_384", None),
        ("google/vit-large-patch32-384", 384),
        ("google/vit-base-patch16-224-in21k", 224),
        ("microsoft/resnet-152", None),
        ("someone/pets", None),
    ],
)
def test_a_side_is_read_off_the_name(name: str, side: int | None) -> None:
    assert ARCHITECTURES.get(name).square_crop == side


def test_the_side_read_is_the_side_of_nearly_all_of_timm() -> None:
    """A wrong one could never be trained, a missing one only asks for the crop; 224 is the default."""
    missing = []
    for name in timm.list_models():
        config = timm.get_pretrained_cfg(name)
        if config is None:
            continue
        info = describe_open_name(f"timm/{name}")
        assert info is not None
        if config.fixed_input_size and info.square_crop is None and config.input_size[-1] != 224:
            missing.append(name)
        if config.fixed_input_size and info.square_crop is not None:
            assert info.square_crop == config.input_size[-1], name
    assert len(missing) < 35, missing


def test_a_larger_word_is_guessed_slower() -> None:
    names = ("timm/vit_tiny_patch16_224", "google/vit-base-patch16-224", "timm/vit_large_patch16_224")
    speeds = [ARCHITECTURES.get(name).cpu_images_per_second for name in names]
    assert speeds == sorted(speeds, reverse=True)
