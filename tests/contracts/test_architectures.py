"""What every entry of the architecture table promises to the rest of the engine."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, save_file

from vision.architectures.built import build_architecture, freeze_layers
from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.task_types import TASK_TYPES, TaskType
from vision.registry import load_dotted

SIDE = 64


CLASSIFIERS = [info for info in ARCHITECTURES if TaskType.CLASSIFICATION in info.task_types]
QUICK = [info for info in CLASSIFIERS if info.parameters_millions < 12]


@pytest.fixture(scope="module", params=QUICK, ids=lambda info: info.name)
def info(request):
    return request.param


@pytest.fixture(scope="module")
def built(info):
    torch.manual_seed(3)
    return build_architecture(info.name, 5)


@pytest.fixture(scope="module")
def images(info):
    side = info.square_crop or SIDE
    return torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(1))


def test_every_dotted_path_leads_to_something(info):
    assert callable(load_dotted(info.builder))
    assert callable(load_dotted(info.pretrained.download))
    assert info.pretrained.file_names


def test_images_become_one_logit_a_class(built, images):
    with torch.inference_mode():
        logits = built.module.eval()(images)
    assert logits.shape == (2, 5)
    assert logits.dtype == torch.float32
    assert logits.isfinite().all()


def test_the_same_seed_builds_the_same_weights(info, built):
    torch.manual_seed(3)
    again = build_architecture(info.name, 5)
    for name, tensor in built.module.state_dict().items():
        assert torch.equal(tensor, again.module.state_dict()[name]), name


def test_weights_survive_a_round_trip_without_pickle(info, built, images, tmp_path):
    save_file({name: tensor.contiguous() for name, tensor in built.module.state_dict().items()}, tmp_path / "w")
    other = build_architecture(info.name, 5)
    other.module.load_state_dict(load_file(tmp_path / "w"))
    with torch.inference_mode():
        assert torch.equal(built.module.eval()(images), other.module.eval()(images))


def test_named_layers_exist(info, built):
    names = dict(built.module.named_modules())
    assert built.cam_layer in names
    assert built.heads[0] in names
    assert all(name in names for group in built.freeze_groups for name in group)
    assert len(built.freeze_groups) == info.max_layers_to_freeze


def test_frozen_groups_get_no_gradient_and_the_head_does(info):
    built = build_architecture(info.name, 3)
    frozen = freeze_layers(built, len(built.freeze_groups))
    assert not any(parameter.requires_grad for module in frozen for parameter in module.parameters())
    assert all(parameter.requires_grad for parameter in built.module.get_submodule(built.heads[0]).parameters())


def test_every_trainable_task_type_has_its_default_architecture():
    for task in TASK_TYPES:
        if task.is_trainable:
            assert callable(load_dotted(task.trainer))
            assert task.name in ARCHITECTURES.get(task.default_architecture).task_types
