"""The entries of the catalogue."""

from __future__ import annotations

import pytest
import torch

from tests.vision.architectures.torchvision_detectors.scenes import make_targets
from vision.architectures import build_architecture
from vision.catalog.architectures import ARCHITECTURES
from vision.catalog.architectures.torchvision_detectors import FASTER_RCNNS, MASK_RCNNS, RETINANETS
from vision.catalog.task_types import TaskType
from vision.registry import load_dotted

pytestmark = pytest.mark.heavy

ENTRIES = (*FASTER_RCNNS, *RETINANETS, *MASK_RCNNS)


def test_the_names_are_the_published_ones() -> None:
    depths = (18, 34, 50, 101, 152)
    assert [info.name for info in FASTER_RCNNS] == [f"fasterrcnn_resnet{depth}_fpn" for depth in depths]
    assert [info.name for info in MASK_RCNNS] == [f"maskrcnn_resnet{depth}_fpn" for depth in depths]
    assert [info.name for info in RETINANETS] == ["retinanet_resnet18_fpn", "retinanet_resnet50_fpn"]
    assert {info.task_types for info in MASK_RCNNS} == {(TaskType.SEGMENTATION,)}
    assert {info.task_types for info in (*FASTER_RCNNS, *RETINANETS)} == {(TaskType.DETECTION,)}


@pytest.mark.parametrize("info", ENTRIES, ids=lambda info: info.name)
def test_the_figures_told_are_those_built(info) -> None:
    with torch.device("meta"):
        built = build_architecture(info.name, 5, {"pretrained": "auto"})
    state = built.module.state_dict().values()
    assert sum(weight.numel() for weight in built.module.parameters()) / 1e6 == pytest.approx(
        info.parameters_millions, abs=0.1
    )
    assert sum(value.numel() * value.element_size() for value in state) / 1e6 == pytest.approx(info.size_mb, abs=0.6)
    assert len(built.freeze_groups) == info.max_layers_to_freeze
    assert callable(load_dotted(info.pretrained.download))
    names = {name for name, _ in built.module.named_modules()}
    assert names.issuperset({*built.heads, *(name for group in built.freeze_groups for name in group)})


def test_the_heads_are_all_that_depends_on_the_labels() -> None:
    for info in (FASTER_RCNNS[0], MASK_RCNNS[0], *RETINANETS):
        with torch.device("meta"):
            few, many = (build_architecture(info.name, count) for count in (3, 8))
        other = many.module.state_dict()
        changed = {name for name, value in few.module.state_dict().items() if value.shape != other[name].shape}
        assert changed == {name for name in other if name.startswith(few.heads)}


@pytest.mark.slow
@pytest.mark.parametrize("info", [*FASTER_RCNNS[1:], *RETINANETS[1:], *MASK_RCNNS[1:]], ids=lambda info: info.name)
def test_each_depth_learns_and_finds(info) -> None:
    side = 64
    torch.manual_seed(0)
    network = build_architecture(info.name, 2, {"proposals": "reduced"}).module
    assert ARCHITECTURES.get(info.name) is info
    images, sizes = torch.randn(2, 3, side, side), torch.tensor([[side, side]] * 2)
    targets = make_targets([[4, 6, 40, 38], [10, 10, 50, 50]], [0, 1], [0, 1], side, side)
    total = sum(network.train()(images, sizes, targets).losses.values())
    total.backward()
    assert total.isfinite()
    assert all(weight.grad is not None for weight in network.parameters())
    with torch.inference_mode():
        assert len(network.eval()(images, sizes).detections) == 2
