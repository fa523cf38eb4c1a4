from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from vision.catalog.architectures import ARCHITECTURES, ArchitectureInfo, list_architectures
from vision.catalog.task_types import TASK_TYPES, TaskType, TaskTypeInfo
from vision.errors import NotFoundError
from vision.registry import Registry, load_dotted


def test_the_four_task_types() -> None:
    assert TASK_TYPES.names() == [str(task_type) for task_type in TaskType]
    assert {info.primary_metric for info in TASK_TYPES} == {"accuracy", "iou", "mean_average_precision"}


@pytest.mark.parametrize("info", list(ARCHITECTURES), ids=lambda info: info.name)
def test_each_architecture_leads_to_its_builder(info: ArchitectureInfo) -> None:
    assert callable(load_dotted(info.builder))
    assert find_spec(info.pretrained.download.partition(":")[0]) is not None
    assert info.task_types
    assert info.character.endswith(".")


@pytest.mark.parametrize("info", list(TASK_TYPES), ids=lambda info: info.name)
def test_each_trainable_task_type_has_its_default_architecture(info: TaskTypeInfo) -> None:
    assert info.default_architecture in [entry.name for entry in list_architectures(info.name)]


def test_a_name_listed_twice_is_refused() -> None:
    entry = ARCHITECTURES.get("resnet18")
    with pytest.raises(ValueError, match="listed twice"):
        Registry("architecture", [entry, entry])


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(NotFoundError, match="mobilenetv2"):
        ARCHITECTURES.get("resnet19")


def test_catalog_and_documents_load_no_torch() -> None:
    modules = (
        "vision.catalog.architectures, vision.spec.job, vision.spec.resolve, vision.spec.scoring, vision.spec.endpoint"
    )
    program = f"import sys, {modules}; sys.exit('torch' in sys.modules or 'django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
