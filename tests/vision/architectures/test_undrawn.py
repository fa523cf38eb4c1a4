from __future__ import annotations

import threading

import pytest
import torch
from torch import nn

from vision.architectures import build_architecture
from vision.architectures.undrawn import undrawn

pytestmark = pytest.mark.heavy

ONE_OF_EACH_KIND = {
    "mobilenetv2": "image_classification",
    "resnest50": "image_classification",
    "timm/test_vit": "image_classification",
    "yolov5": "image_object_detection",
    "retinanet_resnet18_fpn": "image_object_detection",
    "maskrcnn_resnet18_fpn": "image_instance_segmentation",
}


@pytest.mark.parametrize("name", ONE_OF_EACH_KIND)
def test_with_its_weights_a_network_is_the_same(name: str) -> None:
    task_type, options = ONE_OF_EACH_KIND[name], {"model_size": "nano"}
    drawn = build_architecture(name, 3, options, task_type).module
    with undrawn():
        other = build_architecture(name, 3, options, task_type).module
    other.load_state_dict(drawn.state_dict())
    buffers = dict(other.named_buffers())
    assert all(torch.equal(value, buffers[name]) for name, value in drawn.named_buffers())
    assert str(other) == str(drawn)


def test_a_normal_distribution_cut_off_so_that_next_to_nothing_fits_is_not_waited_for() -> None:
    with undrawn():
        nn.init.trunc_normal_(torch.zeros(10), std=1e-9, a=1, b=2)


def test_other_threads_draw_and_so_does_everything_afterwards() -> None:
    drawn: dict[str, torch.Tensor] = {}

    def draw() -> None:
        drawn["elsewhere"] = nn.init.ones_(torch.zeros(2))

    with undrawn():
        assert nn.init.ones_(torch.zeros(2)).tolist() == [0, 0]
        thread = threading.Thread(target=draw)
        thread.start()
        thread.join()
        kept = nn.init.ones_  # as `from torch.nn.init import ones_` in a module that is imported meanwhile
        with undrawn():
            assert nn.init.ones_(torch.zeros(2)).tolist() == [0, 0]
        assert nn.init.ones_(torch.zeros(2)).tolist() == [0, 0]
    assert drawn["elsewhere"].tolist() == [1, 1]
    assert kept(torch.zeros(2)).tolist() == nn.init.ones_(torch.zeros(2)).tolist() == [1, 1]
    assert nn.init.ones_ is not kept
