"""Configurations that are not built, and why, in words."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import transformers
from transformers import AutoConfig

from tests.vision.architectures.hub_objects.networks import DETECTION, NAME, SEGMENTATION, config_of
from vision.architectures import build_architecture
from vision.errors import NotFoundError, WeightsUnavailableError

pytestmark = pytest.mark.heavy


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Building never asks anyone."""
    asked: list[Any] = []

    def refuse(*arguments: Any, **named: Any) -> None:
        asked.append(arguments)
        raise OSError("no network here")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return asked


def build_from(config: dict[str, Any] | None) -> Any:
    return build_architecture(NAME, 3, {"hub_config": config} if config else {}, DETECTION)


@pytest.mark.parametrize("kind", ["vit", "mask2former", "pp_ocrv5_mobile_det", "pp_doclayout_v4", "nothing", None])
def test_what_does_not_find_boxes_is_refused(kind: str | None) -> None:
    with pytest.raises(NotFoundError, match=rf"a network of type {kind}, which transformers .* does not find objects"):
        build_from({"model_type": kind})


@pytest.mark.parametrize("kind", ["rt_detr_v2", "maskformer", "vit", None])
def test_what_does_not_find_masks_is_refused(kind: str | None) -> None:
    with pytest.raises(NotFoundError, match=rf"type {kind}, which transformers .* does not find masks") as caught:
        build_architecture(NAME, 3, {"hub_config": {"model_type": kind}}, SEGMENTATION)
    assert "mask2former" in caught.value.hint


def test_a_segmenter_that_does_not_build_is_the_users_to_replace(no_network: list[Any]) -> None:
    with pytest.raises(WeightsUnavailableError, match=r"config\.json of someone/finder does not build: \S"):
        build_architecture(NAME, 3, {"hub_config": config_of("mask2former", num_queries="many")}, SEGMENTATION)
    assert not no_network


def test_a_classifiers_task_does_not_take_a_detector() -> None:
    with pytest.raises(NotFoundError, match=r"type rt_detr_v2, which .* does not classify images"):
        build_architecture(NAME, 3, {"hub_config": config_of("rt_detr_v2")}, "image_classification")


def test_without_its_configuration_nothing_is_built() -> None:
    with pytest.raises(WeightsUnavailableError, match=r"without its config\.json"):
        build_from(None)


@pytest.mark.parametrize(
    "broken",
    [
        {"num_queries": "many"},
        {"d_model": 17},
        {"backbone_config": {"model_type": "nothing like it"}},
        {"backbone_config": {"model_type": "timm_backbone", "backbone": "hf-hub:someone/evil"}},
        {"backbone_config": {"model_type": "timm_backbone", "backbone": "local-dir:/etc"}},
        {"backbone_config": {"model_type": "timm_backbone", "backbone": "resnet51"}},
        {"backbone_config": {"model_type": "timm_backbone", "backbone": 7}},
        {"backbone_config": None, "backbone": "someone/evil", "use_timm_backbone": False},
        {"backbone_config": None, "backbone": "resnet50", "use_timm_backbone": False},
    ],
)
def test_a_configuration_that_does_not_build_is_the_users_to_replace(
    broken: dict[str, Any], no_network: list[Any]
) -> None:
    with pytest.raises(WeightsUnavailableError, match=r"config\.json of someone/finder does not build: \S"):
        build_from(config_of("rt_detr_v2", **broken))
    assert not no_network


def test_a_network_of_absurd_size_is_refused_before_it_takes_memory() -> None:
    with pytest.raises(WeightsUnavailableError, match=r"asks for a network of \d\.\de\+\d+ weights"):
        build_from(config_of("conditional_detr", encoder_ffn_dim=10**9))


@pytest.mark.parametrize("given", [{}, {"backbone_kwargs": {"in_chans": 3, "out_indices": [1, 2, 3, 4]}}])
def test_a_backbone_named_as_older_files_do_is_built_from_its_numbers(
    given: dict[str, Any], no_network: list[Any]
) -> None:
    config = {**config_of("conditional_detr"), "backbone_config": None, "backbone": "resnet18", **given}
    built = build_from({**config, "use_timm_backbone": True})
    assert built.freeze_groups[0] == ["network.model.backbone.model.conv1", "network.model.backbone.model.bn1"]
    assert built.freeze_groups[4] == ["network.model.backbone.model.layer4"]
    assert not no_network


def test_what_the_library_can_build_is_what_we_say_it_can() -> None:
    """A new type of the library's turns up here before a user names it."""
    known = transformers.models.auto.modeling_auto.MODEL_FOR_OBJECT_DETECTION_MAPPING_NAMES
    from vision.architectures.hub_objects.builders import DETECTORS

    assert set(known) - set(DETECTORS) == {kind for kind in known if kind.startswith(("pp_ocr", "pp_doclayout"))}
    assert all(AutoConfig.for_model(kind) for kind in DETECTORS)
