"""What every classification network of the table promises to the rest of the engine."""

from __future__ import annotations

import pytest
import torch

from tests.vision.architectures.networks import CLASSIFIERS, LARGE, QUICK, build, build_shapes, side_of
from vision.architectures.built import freeze_layers
from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.task_types import TASK_TYPES, TaskType
from vision.explain.cam import make_cam
from vision.registry import load_dotted

pytestmark = pytest.mark.heavy


def by_name(info):
    return info.name


@pytest.fixture(scope="module", params=CLASSIFIERS, ids=by_name)
def info(request):
    return request.param


@pytest.fixture(scope="module")
def shapes(info):
    return build_shapes(info)


@pytest.fixture(scope="module", params=QUICK, ids=by_name)
def quick(request):
    return request.param


@pytest.fixture(scope="module")
def built(quick):
    torch.manual_seed(3)
    return build(quick)


@pytest.fixture(scope="module")
def images(quick):
    side = side_of(quick)
    return torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(1))


def test_every_dotted_path_leads_to_something(info):
    paths = (info.builder, info.pretrained.download, info.pretrained.cache, info.find_options)
    assert all(callable(load_dotted(path)) for path in paths if path)
    assert info.pretrained.file_names


def test_both_kinds_of_classification_are_trained(info):
    assert info.task_types == (TaskType.CLASSIFICATION, TaskType.MULTILABEL)


def test_the_size_told_is_the_size_built(info, shapes):
    millions = sum(weight.numel() for weight in shapes.module.parameters()) / 1e6
    assert millions == pytest.approx(info.parameters_millions, rel=0.02)


def test_named_layers_exist(info, shapes):
    names = dict(shapes.module.named_modules())
    assert shapes.cam_layer in names
    assert all(name in names for group in shapes.freeze_groups for name in group)
    assert len(shapes.freeze_groups) == info.max_layers_to_freeze


def test_only_the_heads_depend_on_the_label_count(info, shapes):
    other = build_shapes(info, 9).module.state_dict()
    differing = {name for name, tensor in shapes.module.state_dict().items() if tensor.shape != other[name].shape}
    assert {name.rpartition(".")[0] for name in differing} == set(shapes.heads)


def test_frozen_groups_get_no_gradient_and_the_head_does(info):
    built = build_shapes(info, 3)
    frozen = freeze_layers(built, len(built.freeze_groups))
    assert not any(parameter.requires_grad for module in frozen for parameter in module.parameters())
    assert all(parameter.requires_grad for parameter in built.module.get_submodule(built.heads[0]).parameters())


def test_images_become_one_logit_a_class(built, images):
    with torch.inference_mode():
        logits = built.module.eval()(images)
    assert logits.shape == (2, 5)
    assert logits.dtype == torch.float32
    assert logits.isfinite().all()


def test_the_same_seed_builds_the_same_weights(quick, built):
    torch.manual_seed(3)
    again = build(quick).module.state_dict()
    for name, tensor in built.module.state_dict().items():
        assert torch.equal(tensor, again[name]), name


@pytest.mark.slow
@pytest.mark.parametrize("info", LARGE, ids=by_name)
def test_a_large_network_trains_a_step_and_shows_its_places(info):
    torch.manual_seed(3)
    built = build(info)
    images = torch.rand(2, 3, side_of(info), side_of(info))
    logits = built.module.train()(images)
    assert logits.shape == (2, 5)
    logits.square().mean().backward()
    head = built.module.get_submodule(built.heads[0])
    assert all(parameter.grad.abs().sum() > 0 for parameter in head.parameters())
    built.module.eval().requires_grad_(False)
    cam = make_cam(built.module, images[:1], 1, built.cam_layer)
    assert cam.shape[:2] == (1, 1)
    assert cam.shape[2] == cam.shape[3] > 1


def test_every_trainable_task_type_has_its_default_architecture():
    for task in TASK_TYPES:
        assert callable(load_dotted(task.trainer))
        assert task.name in ARCHITECTURES.get(task.default_architecture).task_types
