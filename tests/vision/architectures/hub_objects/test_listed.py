"""The listed networks, built from what we know of them by heart."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vision.architectures import build_architecture
from vision.architectures.hub_configurations import KNOWN
from vision.catalog.architectures import ARCHITECTURES, ArchitectureInfo, list_architectures
from vision.catalog.task_types import TaskType
from vision.catalog.weights_lookup import find_options
from vision.registry import load_dotted

pytestmark = pytest.mark.heavy

LISTED = [info for info in ARCHITECTURES if info.family in ("detr", "mask2former")]


def by_name(info: ArchitectureInfo) -> str:
    return info.name


def test_those_that_are_listed_can_be_built_without_a_file() -> None:
    assert set(KNOWN) == {info.name for info in LISTED}


@pytest.mark.parametrize("info", LISTED, ids=by_name)
def test_the_figures_told_are_those_built(info: ArchitectureInfo, tmp_path: Path) -> None:
    (task_type,) = info.task_types
    options = find_options(info, tmp_path, True, lambda message, fraction: None)
    with torch.device("meta"):
        built = build_architecture(info.name, 80, {**options, "pretrained": "auto"}, task_type)
    state = {id(value): value for value in built.module.state_dict(keep_vars=True).values()}.values()
    millions = sum(weight.numel() for weight in built.module.parameters()) / 1e6
    assert millions == pytest.approx(info.parameters_millions, abs=0.1)
    size = sum(value.numel() * value.element_size() for value in state) / 1e6
    assert size == pytest.approx(info.size_mb, abs=1)
    assert len(built.freeze_groups) == info.max_layers_to_freeze
    names = {name for name, _ in built.module.named_modules()}
    assert names.issuperset({*built.heads, *built.slow, *(name for group in built.freeze_groups for name in group)})
    assert callable(load_dotted(info.pretrained.download))
    assert callable(load_dotted(info.find_options))


@pytest.mark.parametrize("info", LISTED, ids=by_name)
def test_a_listed_network_has_its_one_task(info: ArchitectureInfo) -> None:
    (task_type,) = info.task_types
    assert ARCHITECTURES.get(info.name) is info
    assert ARCHITECTURES.get(info.name, TaskType.CLASSIFICATION) is info
    assert ARCHITECTURES.get(info.name.replace("/", "-")) is info
    assert info in list_architectures(task_type)
    assert all(info not in list_architectures(other) for other in TaskType if other != task_type)
